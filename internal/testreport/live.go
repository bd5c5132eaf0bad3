package main

import (
	"fmt"
	"io"
	"time"

	"gotest.tools/gotestsum/testjson"
)

// live prints a line for every package that ends, so that a run of many
// minutes shows where it is.
type live struct {
	out io.Writer
}

// Event implements [testjson.EventHandler].
func (l *live) Event(event testjson.TestEvent, execution *testjson.Execution) error {
	if event.Package == "" || !event.PackageEvent() || !event.Action.IsTerminal() {
		return nil
	}
	pkg := execution.Package(event.Package)
	elapsed := pkg.Elapsed().Round(10 * time.Millisecond)
	_, err := fmt.Fprintf(l.out, "%-4s %s  %s  (%d passed, %d failed, %d skipped)\n",
		word(event.Action, pkg), event.Package, elapsed, len(pkg.Passed), len(pkg.Failed), len(pkg.Skipped))
	return err
}

// Err implements [testjson.EventHandler]: lines that are not events are shown
// as they are.
func (l *live) Err(text string) error {
	_, err := fmt.Fprintln(l.out, text)
	return err
}

// word is the first column of a package's line.
func word(action testjson.Action, pkg *testjson.Package) string {
	switch {
	case action == testjson.ActionFail:
		return "FAIL"
	case pkg.Total == 0:
		return "none"
	default:
		return "ok"
	}
}
