package step

import (
	"context"
	"time"

	"github.com/charmbracelet/log"
)

// Error is a failed step's error: the one place that names the step.
type Error struct {
	Step string
	Err  error
}

func (e *Error) Error() string { return e.Step + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Named puts the step's name into its error.
func Named(name string, next Func) Func {
	return func(ctx context.Context) error {
		if err := next(ctx); err != nil {
			return &Error{Step: name, Err: err}
		}
		return nil
	}
}

// Logged logs when a step starts and how it ends. What went wrong is not part of
// the line: a failure is reported once, at the end.
func Logged(logger *log.Logger) Middleware {
	return func(name string, next Func) Func {
		return func(ctx context.Context) error {
			logger.Info(name)
			start := time.Now()
			err := next(ctx)
			took := time.Since(start).Round(10 * time.Millisecond)
			switch {
			case err == nil:
				logger.Info(name+": done", "took", took)
			case ctx.Err() != nil:
				logger.Warn(name+": stopped", "took", took)
			default:
				logger.Error(name+": failed", "took", took)
			}
			return err
		}
	}
}

// Abandon returns once ctx has ended and the step has not followed within grace:
// whatever hangs, the program goes on. The step's goroutine is left behind.
func Abandon(grace time.Duration) Middleware {
	return func(_ string, next Func) Func {
		return func(ctx context.Context) error {
			done := make(chan error, 1)
			go func() { done <- next(ctx) }()
			select {
			case err := <-done:
				return err
			case <-ctx.Done():
			}
			select {
			case err := <-done:
				return err
			case <-time.After(grace):
				return context.Cause(ctx)
			}
		}
	}
}
