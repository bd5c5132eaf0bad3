package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"gotest.tools/gotestsum/testjson"
)

// report is the outcome of one run.
type report struct {
	passed  int
	failed  []failure
	skipped []skip
	errors  []string // what the compiler said
}

type failure struct {
	name   string
	took   time.Duration
	output []string
}

type skip struct {
	name    string
	reason  string
	allowed bool
}

func newReport(execution *testjson.Execution, allowed []allowedSkip) *report {
	r := &report{errors: execution.Errors()}
	for _, name := range execution.Packages() {
		r.passed += len(execution.Package(name).Passed)
	}
	for _, test := range execution.Failed() {
		r.failed = append(r.failed, failure{
			name:   title(test),
			took:   test.Elapsed,
			output: withoutFraming(execution.OutputLines(test)),
		})
	}
	for _, test := range execution.Skipped() {
		r.skipped = append(r.skipped, newSkip(test, execution.OutputLines(test), allowed))
	}
	return r
}

func newSkip(test testjson.TestCase, output []string, allowed []allowedSkip) skip {
	s := skip{name: title(test), reason: strings.Join(withoutFraming(output), "; ")}
	if s.reason == "" {
		s.reason = "no reason given"
	}
	for _, entry := range allowed {
		s.allowed = s.allowed || entry.covers(test, s.reason)
	}
	return s
}

// write prints the report and returns an error when the run is not green.
func (r *report) write(out io.Writer) error {
	w := &printer{out: out}
	for _, line := range r.errors {
		w.printf("%s\n", strings.TrimRight(line, "\n"))
	}
	for _, f := range r.failed {
		w.printf("\n--- FAIL: %s (%s)\n", f.name, f.took.Round(10*time.Millisecond))
		for _, line := range f.output {
			w.printf("    %s\n", line)
		}
	}
	w.printf("\n")
	for _, s := range r.skipped {
		mark := ""
		if !s.allowed {
			mark = "  [not an allowed skip]"
		}
		w.printf("--- SKIP: %s: %s%s\n", s.name, s.reason, mark)
	}
	verdict := r.verdict()
	if verdict != nil {
		w.printf("\n%v\n", verdict)
	}
	w.printf("%d passed, %d failed, %d skipped\n", r.passed, len(r.failed), len(r.skipped))
	if w.err != nil {
		return fmt.Errorf("writing the report: %w", w.err)
	}
	return verdict
}

// verdict says why the run is not green, or nil.
func (r *report) verdict() error {
	unexpected := 0
	for _, s := range r.skipped {
		if !s.allowed {
			unexpected++
		}
	}
	switch {
	case len(r.failed) > 0:
		return fmt.Errorf("%w: %d failed", errNotGreen, len(r.failed))
	case r.passed == 0:
		return fmt.Errorf("%w: no test passed", errNotGreen)
	case unexpected > 0:
		return fmt.Errorf("%w: %d skipped that should have run "+
			"(internal/testreport/allowed_skips.txt lists what may be skipped, each with its reason)", errNotGreen, unexpected)
	default:
		return nil
	}
}

func title(test testjson.TestCase) string {
	if test.Test == "" {
		return test.Package
	}
	return test.Package + " " + test.Test.Name()
}

// withoutFraming drops the lines that the test framework writes around a
// test's own output.
func withoutFraming(lines []string) []string {
	var kept []string
	for _, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "",
			strings.HasPrefix(trimmed, "=== "),
			strings.HasPrefix(trimmed, "--- SKIP: "),
			strings.HasPrefix(trimmed, "--- FAIL: "):
		default:
			kept = append(kept, strings.TrimRight(line, "\n"))
		}
	}
	if len(kept) == 1 {
		kept[0] = strings.TrimSpace(kept[0])
	}
	return kept
}

// printer writes until the first error and keeps that error.
type printer struct {
	out io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}
