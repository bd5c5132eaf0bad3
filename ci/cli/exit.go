package cli

import (
	"errors"
	"fmt"

	"github.com/bodkin-ci/bodkin/ci/internal/child"
	"github.com/bodkin-ci/bodkin/ci/internal/interrupt"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// exitHelp ends every help text.
const exitHelp = `
Exit status: 0 all done, 1 a step failed, 2 wrong usage, 130 interrupted.
(go run itself turns all but 0 into 1; go build -o /usr/local/bin/ci ./ci does not.)
`

// errReported is the error of a run that has told the user what went wrong.
var errReported = errors.New("a step failed")

// errNoEngine is the same where there is nothing to run on.
var errNoEngine = fmt.Errorf("connecting to the engine: %w", errReported)

// runError marks an error of the work itself. All others come from reading the
// command line: the user has to call the program differently.
type runError struct{ err error }

func (e *runError) Error() string { return e.err.Error() }
func (e *runError) Unwrap() error { return e.err }

func failed(err error) error {
	if err == nil {
		return nil
	}
	return &runError{err}
}

func isReported(err error) bool { return errors.Is(err, errReported) }

func exitCode(err error) int {
	var run *runError
	var command *child.ExitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &command):
		return command.Code
	case errors.Is(err, interrupt.ErrInterrupted):
		return interrupt.ExitCode
	case errors.As(err, &run):
		return exitFailed
	}
	return exitUsage
}
