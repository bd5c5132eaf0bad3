package engine

import (
	"errors"
	"os"

	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
)

// Terminal is where the commands of Container.terminal run, and the shells of
// WithInteractive: one at a time. The zero value is the terminal of this process.
type Terminal struct {
	In  *os.File // default: standard input
	Out *os.File // default: standard output, or standard error where only that is a terminal
	// Suspend, if not nil, is called before a command gets the terminal, and what it
	// returns when it has ended: whoever shows progress there keeps quiet in between.
	Suspend func() (resume func())
}

// NoTerminalError says that there is no terminal, and which side of it is none.
type NoTerminalError = terminal.MissingError

// Check returns a *NoTerminalError where there is no terminal.
func (t Terminal) Check() error { return terminal.New(terminal.Options(t)).Check() }

// WithTerminal says which terminal to use. Where it is none, Connect works all the
// same, and a call that needs it fails.
func WithTerminal(t Terminal) Option { return func(c *config) { c.terminal = t } }

// WithInteractive opens a shell when an exec fails: in its container, as the
// command has left it. When the shell ends, the exec's error is what it would have
// been. Connect errs where there is no terminal, and on a Dagger engine, which
// does this itself (dagger run --interactive).
func WithInteractive() Option { return func(c *config) { c.interactive = true } }

var errDaggerInteractive = errors.New("on a Dagger engine it is Dagger that opens shells: start the program with `dagger run --interactive` instead")

func mayInteract(cfg config, engine string) error {
	if engine == Dagger {
		return errDaggerInteractive
	}
	return cfg.terminal.Check()
}
