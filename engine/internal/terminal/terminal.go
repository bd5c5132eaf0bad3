// Package terminal lends the process's terminal to interactive commands, one
// after the other. Start with New.
package terminal

import (
	"context"
	"fmt"
	"os"

	"github.com/charmbracelet/x/term"
)

// Options name the terminal.
type Options struct {
	In  *os.File // default: standard input
	Out *os.File // default: standard output, or standard error where that one is the terminal
	// Suspend, if not nil, is called before a command gets the terminal, and what it
	// returns afterwards: nobody else may write there in between.
	Suspend func() (resume func())
}

// Terminal is a terminal that one command at a time may have.
type Terminal struct {
	in, out *os.File
	suspend func() func()
	turn    chan struct{}
}

// New returns the terminal that opts name, which may turn out to be none.
func New(opts Options) *Terminal {
	t := &Terminal{in: opts.In, out: opts.Out, suspend: opts.Suspend, turn: make(chan struct{}, 1)}
	if t.in == nil {
		t.in = os.Stdin
	}
	if t.out == nil {
		t.out = os.Stdout
		if !term.IsTerminal(t.out.Fd()) && term.IsTerminal(os.Stderr.Fd()) {
			t.out = os.Stderr
		}
	}
	return t
}

// MissingError says which side of the terminal is none.
type MissingError struct{ Side string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("there is no terminal to open a shell on: %s is not one; run this from an interactive terminal, without redirecting it", e.Side)
}

// Check returns a *MissingError where there is no terminal to read from or to
// write to.
func (t *Terminal) Check() error {
	for _, side := range []struct {
		name string
		file *os.File
	}{{"standard input", t.in}, {"standard output", t.out}} {
		if !term.IsTerminal(side.file.Fd()) {
			return &MissingError{side.name}
		}
	}
	return nil
}

// Use waits for its turn, and has do use the terminal. It is in raw mode
// meanwhile, and as it was afterwards, whatever becomes of do.
func (t *Terminal) Use(ctx context.Context, do func(context.Context, *TTY) error) error {
	if err := t.Check(); err != nil {
		return err
	}
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if t.suspend != nil {
		defer t.suspend()()
	}
	before, err := term.MakeRaw(t.in.Fd())
	if err != nil {
		return fmt.Errorf("preparing the terminal: %w", err)
	}
	defer func() { _ = term.Restore(t.in.Fd(), before) }()
	return do(ctx, &TTY{in: t.in, out: t.out})
}
