// Package child runs a command in this program's place: with its terminal, its
// files and the signals that it gets. Start with Run.
package child

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
)

// The exit codes that shells have for what never ran.
const (
	cannotRun = 126
	notFound  = 127
)

// bySignal is added to a signal's number where a signal has ended the command.
const bySignal = 128

// ExitError is the end of a command that did not succeed.
type ExitError struct {
	Code int   // what this program's exit code is to be
	Err  error // why the command was not run; nil where it ran
}

func (e *ExitError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return fmt.Sprintf("exit status %d", e.Code)
}

func (e *ExitError) Unwrap() error { return e.Err }

// Run runs a command with the variables env and returns when it has ended. Signals
// that this program gets from now on are the command's. Its error is an *ExitError.
func Run(args, env []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, env
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, passedOn...)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return notStarted(args[0], err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				if !comesFromTerminal(s) {
					_ = cmd.Process.Signal(s)
				}
			case <-ended:
				return
			}
		}
	}()
	_ = cmd.Wait()
	return exited(cmd.ProcessState)
}

func notStarted(name string, err error) error {
	code := cannotRun
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = notFound
	}
	return &ExitError{Code: code, Err: fmt.Errorf("running %s: %w", name, err)}
}

func exited(state *os.ProcessState) error {
	switch {
	case state.Success():
		return nil
	case state.ExitCode() >= 0:
		return &ExitError{Code: state.ExitCode()}
	}
	return &ExitError{Code: bySignal + signalOf(state)}
}
