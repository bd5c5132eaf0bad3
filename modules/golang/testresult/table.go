package testresult

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gotest.tools/gotestsum/testjson"
)

// WriteTable writes a line for each package, why tests were skipped, and what
// the failed ones printed. It is one write to out.
func (r *Results) WriteTable(out io.Writer) error {
	if len(r.order) == 0 {
		_, err := io.WriteString(out, "no package has tests\n")
		return err
	}
	var b bytes.Buffer
	if err := r.writePackages(&b); err != nil {
		return err
	}
	r.writeSkipped(&b)
	for _, test := range r.failures() {
		fmt.Fprintf(&b, "\n--- FAIL: %s (%s)\n", title(test), seconds(test.Elapsed))
		for _, line := range r.lines(test) {
			fmt.Fprintf(&b, "%s\n", line)
		}
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (r *Results) writePackages(b *bytes.Buffer) error {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	measured := len(r.coverage) > 0
	line := func(format string, args []any, coverage string) {
		fmt.Fprintf(table, format, args...)
		if measured {
			fmt.Fprint(table, "\t"+coverage)
		}
		fmt.Fprintln(table)
	}
	line("PACKAGE\tRESULT\tTESTS\tFAILED\tSKIPPED\tTIME", nil, "COVERAGE")
	failed := r.failed()
	for _, name := range r.order {
		if pkg := r.execution.Package(name); pkg != nil {
			args := []any{name, result(pkg), pkg.Total, failed[name], len(pkg.Skipped), seconds(pkg.Elapsed())}
			line("%s\t%s\t%d\t%d\t%d\t%s", args, r.coverage[name].String())
		}
	}
	if len(r.order) > 1 {
		covered, statements := r.Coverage()
		line("total\t\t%d\t%d\t%d\t", []any{r.Total(), r.Failed(), r.Skipped()}, coverage{statements, covered}.String())
	}
	return table.Flush()
}

func result(pkg *testjson.Package) string {
	switch {
	case pkg.Result() == testjson.ActionFail:
		return "failed"
	case pkg.Total == 0:
		return "no tests"
	case pkg.Total == len(pkg.Skipped):
		return "skipped"
	}
	return "ok"
}

// writeSkipped writes each reason once, with the number of its tests.
func (r *Results) writeSkipped(b *bytes.Buffer) {
	counts := map[string]int{}
	var reasons []string
	for _, test := range r.execution.Skipped() {
		var said []string
		for _, line := range r.lines(test) {
			said = append(said, position.ReplaceAllString(strings.TrimSpace(line), ""))
		}
		reason := strings.Join(said, " ")
		if reason == "" {
			reason = "no reason given"
		}
		if counts[reason]++; counts[reason] == 1 {
			reasons = append(reasons, reason)
		}
	}
	for _, reason := range reasons {
		fmt.Fprintf(b, "skipped %d: %s\n", counts[reason], reason)
	}
}

// position is what stands before a test's own words.
var position = regexp.MustCompile(`^\S+\.go:\d+: `)

// place is the same with its indentation, as package testing writes it: without
// a folder.
var place = regexp.MustCompile(`^(\s+)([^\s/]+\.go)(:\d+: )`)

// lines returns what a test printed, without the lines that package testing
// writes around it and with files named by their paths.
func (r *Results) lines(test testjson.TestCase) []string {
	var kept []string
	out := r.outputs[test.Package]
	for _, line := range r.execution.OutputLines(test) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || strings.HasPrefix(trimmed, "=== ") || strings.HasPrefix(trimmed, "--- ") {
			continue
		}
		if m := place.FindStringSubmatch(line); m != nil && out.Dir != "." && slices.Contains(out.Files, m[2]) {
			line = m[1] + out.Dir + "/" + m[2] + line[len(m[1])+len(m[2]):]
		}
		kept = append(kept, line)
	}
	return kept
}

func title(test testjson.TestCase) string {
	if test.Test == "" {
		return test.Package
	}
	return test.Package + " " + test.Test.Name()
}

// seconds writes how long a test took; one that never ended has a negative time.
func seconds(d time.Duration) string {
	if d < 0 {
		return "not ended"
	}
	return fmt.Sprintf("%.2fs", d.Seconds())
}
