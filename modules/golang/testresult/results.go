// Package testresult holds what became of tests: Parse reads the output of test
// programs, and the Results write themselves as a table for people, as JUnit XML
// for CI systems and as a coverage profile.
package testresult

import (
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
}

// Parse reads outputs, one for each package.
func Parse(outputs []Output) (*Results, error) {
	r := &Results{outputs: map[string]Output{}}
	var events strings.Builder
	for _, out := range outputs {
		r.outputs[out.Package] = out
		r.order = append(r.order, out.Package)
		events.WriteString(out.Events)
	}
	execution, err := testjson.ScanTestOutput(testjson.ScanConfig{Stdout: strings.NewReader(events.String())})
	if err != nil {
		return nil, fmt.Errorf("reading the output of tests: %w", err)
	}
	r.execution = execution
	for _, out := range outputs {
		pkg := execution.Package(out.Package)
		if out.ExitCode != 0 && (pkg == nil || pkg.Result() != testjson.ActionFail) {
			return nil, fmt.Errorf("reading the output of tests: those of %s ended with exit code %d and did not say why: %q", out.Package, out.ExitCode, out.Events)
		}
	}
	return r, nil
}

// Failed returns how many tests failed, those with failed subtests not counted
// beside them. A package that fails without a failed test counts as one.
func (r *Results) Failed() int { return len(r.failures()) }

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
