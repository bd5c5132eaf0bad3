// Package testresult holds what became of tests: Parse reads the output of test
// programs, and the Results write themselves as a table for people, as JUnit XML
// for CI systems and as a coverage profile.
package testresult

import (
	"encoding/json"
	"fmt"
	"strings"

	"gotest.tools/gotestsum/testjson"
)

// Output is what the tests of one package gave.
type Output struct {
	Package  string   // import path
	Dir      string   // the package's folder, with which file names are completed
	Files    []string // names of the package's Go files
	Events   string   // lines of `go tool test2json`
	ExitCode int      // of the test program
	Profile  string   // coverage profile; "" where none was asked for
}

// Results are the outcomes of the tests of some packages.
type Results struct {
	execution *testjson.Execution
	outputs   map[string]Output
	order     []string // import paths
	coverage  map[string]coverage
}

// Parse reads outputs, one for each package.
func Parse(outputs []Output) (*Results, error) {
	r := &Results{outputs: map[string]Output{}, coverage: map[string]coverage{}}
	var events strings.Builder
	for _, out := range outputs {
		r.outputs[out.Package] = out
		r.order = append(r.order, out.Package)
		events.WriteString(out.Events)
		events.WriteString(out.missingEnd())
		measured, err := measure(out.Profile)
		if err != nil {
			return nil, err
		}
		if out.Profile != "" {
			r.coverage[out.Package] = measured
		}
	}
	execution, err := testjson.ScanTestOutput(testjson.ScanConfig{Stdout: strings.NewReader(events.String())})
	if err != nil {
		return nil, fmt.Errorf("reading the output of tests: %w", err)
	}
	r.execution = execution
	return r, nil
}

// missingEnd returns the events that the output of a program that failed lacks.
// One that ends in the middle of a test never says that the package has
// failed, and one that was killed says nothing at all.
func (o Output) missingEnd() string {
	if o.ExitCode == 0 {
		return ""
	}
	var last struct{ Action, Test string }
	lines := strings.Split(strings.TrimRight(o.Events, "\n"), "\n")
	if json.Unmarshal([]byte(lines[len(lines)-1]), &last) == nil && last.Action == "fail" && last.Test == "" {
		return ""
	}
	event := func(action, output string) string {
		line, _ := json.Marshal(map[string]string{"Action": action, "Package": o.Package, "Output": output})
		return string(line) + "\n"
	}
	if last.Action == "fail" {
		return event("fail", "")
	}
	return event("output", fmt.Sprintf("the test program ended with exit code %d\n", o.ExitCode)) + event("fail", "")
}

// Failed returns how many tests failed, those with failed subtests not counted
// beside them. A package that fails without a failed test counts as one.
func (r *Results) Failed() int {
	var failed int
	for _, count := range r.failed() {
		failed += count
	}
	return failed
}

// failed counts the failed tests of each package. What a package says beside
// them, such as that the time was up, is no further failure.
func (r *Results) failed() map[string]int {
	counts := map[string]int{}
	for _, test := range r.failures() {
		if test.Test != "" {
			counts[test.Package]++
		}
	}
	for _, test := range r.failures() {
		if test.Test == "" {
			counts[test.Package] = max(1, counts[test.Package])
		}
	}
	return counts
}

func (r *Results) failures() []testjson.TestCase {
	return testjson.FilterFailedUnique(r.execution.Failed())
}

// Skipped returns how many tests were skipped.
func (r *Results) Skipped() int { return len(r.execution.Skipped()) }

// Total returns how many tests there are, subtests included.
func (r *Results) Total() int { return r.execution.Total() }

// FailedError says that tests failed.
type FailedError struct {
	Failed, Total int
}

func (e *FailedError) Error() string { return fmt.Sprintf("%d of %d tests failed", e.Failed, e.Total) }

// Err returns a *FailedError when a test failed.
func (r *Results) Err() error {
	if failed := r.Failed(); failed > 0 {
		return &FailedError{Failed: failed, Total: max(failed, r.Total())}
	}
	return nil
}

// Profile returns the coverage profiles of all packages as one, and "" where
// coverage was not asked for.
func (r *Results) Profile() string {
	var merged strings.Builder
	for _, name := range r.order {
		mode, blocks, found := strings.Cut(r.outputs[name].Profile, "\n")
		if !found {
			continue
		}
		if merged.Len() == 0 {
			merged.WriteString(mode + "\n")
		}
		merged.WriteString(blocks)
	}
	return merged.String()
}
