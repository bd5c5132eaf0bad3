// Command testreport reads the events of `go test -json` on standard input and
// decides whether the run may be called green.
//
// It prints one line per package while tests run, then every failure with its
// output and every skipped test with its reason. It exits with status 1 when a
// test failed, when a package did not build, when no test ran at all, and when
// a test was skipped that is not named in the list of allowed skips: a suite
// that quietly stops testing is a broken suite. The last line it prints is
//
//	N passed, N failed, N skipped
//
// Usage:
//
//	go test ./... -json | go run ./internal/testreport
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"gotest.tools/gotestsum/testjson"
)

func main() {
	allowed := flag.String("allow", "", "read the allowed skips from this `file` instead of the built-in list")
	flag.Parse()

	switch err := run(os.Stdin, os.Stdout, *allowed); {
	case errors.Is(err, errNotGreen): // the report says why
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

// errNotGreen is wrapped by the error of a run that may not be called green.
var errNotGreen = errors.New("not green")

// run reads events from in and writes the report to out. Its error wraps
// errNotGreen when the report was written and says that the run failed.
func run(in io.Reader, out io.Writer, allowedFile string) error {
	allowed, err := readAllowed(allowedFile)
	if err != nil {
		return err
	}

	execution, err := testjson.ScanTestOutput(testjson.ScanConfig{
		Stdout:                   in,
		Handler:                  &live{out: out},
		IgnoreNonJSONOutputLines: true,
	})
	if err != nil {
		return fmt.Errorf("reading test events: %w", err)
	}
	return newReport(execution, allowed).write(out)
}
