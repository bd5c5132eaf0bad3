package engine_test

import (
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/ptytest"
)

// screen is a terminal that counts who has it.
type screen struct {
	*ptytest.Screen
	suspended atomic.Int32
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	return &screen{Screen: ptytest.New(t)}
}

// terminal is the screen as an option of Connect.
func (s *screen) terminal() engine.Option {
	return engine.WithTerminal(engine.Terminal{In: s.TTY, Out: s.TTY, Suspend: func() func() {
		s.suspended.Add(1)
		return func() { s.suspended.Add(-1) }
	}})
}

// resize changes the size and tells this process as the kernel tells one whose
// terminal it is.
func (s *screen) resize(t *testing.T, columns, rows uint16) {
	t.Helper()
	s.Resize(columns, rows)
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGWINCH))
}

// await calls do, and wait returns what it returns.
func await(t *testing.T, do func() error) (wait func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	return func() error {
		select {
		case err := <-done:
			return err
		case <-time.After(ptytest.Patience):
			t.Fatal("it does not end")
			return nil
		}
	}
}
