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
	var b bytes.Buffer
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PACKAGE\tRESULT\tTESTS\tFAILED\tSKIPPED\tTIME")
	failed := map[string]int{}
	for _, test := range r.failures() {
		failed[test.Package]++
	}
	for _, name := range r.order {
		if pkg := r.execution.Package(name); pkg != nil {
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\n",
				name, result(pkg), pkg.Total, failed[name], len(pkg.Skipped), seconds(pkg.Elapsed()))
		}
	}
	if err := table.Flush(); err != nil {
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
