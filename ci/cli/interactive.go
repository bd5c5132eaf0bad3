package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/charmbracelet/x/term"

	"github.com/bodkin-ci/bodkin/ci/internal/step"
	"github.com/bodkin-ci/bodkin/engine"
)

// checkInteractive says why --interactive cannot be.
func (o *options) checkInteractive() error {
	if !o.interactive {
		return nil
	}
	if o.timeout > 0 {
		return errors.New("--interactive and --timeout exclude each other: the time that you spend in a shell would count")
	}
	if o.silence > 0 {
		return errors.New("--interactive and --silence exclude each other: you may be silent in a shell")
	}
	if o.watch {
		return errors.New("--interactive and --watch exclude each other: an edit would end the shell that you are in")
	}
	if err := (engine.Terminal{}).Check(); err != nil {
		return fmt.Errorf("--interactive: %w", err)
	}
	return nil
}

// shells tells whether somebody sits in a shell.
type shells struct{ busy sync.Mutex }

// interactive has the engine open shells while progress gives way.
func (r *session) interactive() []engine.Option {
	terminal := engine.WithTerminal(engine.Terminal{Suspend: func() func() {
		r.shells.busy.Lock()
		resume := r.display.Suspend()
		return func() {
			resume()
			r.shells.busy.Unlock()
		}
	}})
	if !r.plan.interactive {
		return []engine.Option{terminal}
	}
	return []engine.Option{terminal, engine.WithInteractive()}
}

// undisturbed holds the end of a step that has failed back while somebody sits in
// a shell, which it might close by stopping the other steps.
func (s *shells) undisturbed(_ string, next step.Func) step.Func {
	return func(ctx context.Context) error {
		err := next(ctx)
		if err != nil {
			s.busy.Lock()
			defer s.busy.Unlock()
		}
		return err
	}
}

// keepTerminal returns a function that gives the terminal back as it is now.
func keepTerminal() (restore func()) {
	state, err := term.GetState(os.Stdin.Fd())
	if err != nil { // there is none
		return func() {}
	}
	return func() { _ = term.Restore(os.Stdin.Fd(), state) }
}
