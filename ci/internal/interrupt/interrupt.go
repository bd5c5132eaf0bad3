// Package interrupt ends a program on SIGINT and SIGTERM: first by cancelling a
// context, soon after by force. Start with Watch.
package interrupt

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// ExitCode is a program's exit code after a signal.
const ExitCode = 130

// ErrInterrupted is the cause of a context that a signal cancelled.
var ErrInterrupted = errors.New("interrupted")

// grace is how long what was cancelled may take to end. A program that has
// received a signal is gone within 2 seconds.
const grace = 1700 * time.Millisecond

// Watch returns a context that the first SIGINT or SIGTERM cancels. Unless stop
// is called within the grace that follows, or at the second signal at once, force
// is called and the program exits with ExitCode. force restores the
// terminal; it must not block.
func Watch(parent context.Context, force func()) (ctx context.Context, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(parent)
	w := watcher{grace: grace, end: func() { force(); os.Exit(ExitCode) }}
	stopped := make(chan struct{})
	go w.run(signals, stopped, cancel)
	return ctx, func() {
		signal.Stop(signals)
		close(stopped)
		cancel(context.Canceled)
	}
}

type watcher struct {
	grace time.Duration
	end   func()
}

func (w watcher) run(signals <-chan os.Signal, stopped <-chan struct{}, cancel context.CancelCauseFunc) {
	select {
	case <-signals:
		cancel(ErrInterrupted)
	case <-stopped:
		return
	}
	select {
	case <-signals:
		w.end()
	case <-time.After(w.grace):
		w.end()
	case <-stopped:
	}
}
