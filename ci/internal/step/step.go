// Package step runs the steps of a pipeline side by side. What every step needs
// (its name in errors, a log line, a time-out, an end that does not hang) is
// middleware around it, so that a step describes only its own problem. Start
// with Runner.
package step

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"
)

// Func does a step's work.
type Func func(ctx context.Context) error

// Step is one named piece of work.
type Step struct {
	Name string
	Run  Func
}

// Result is what became of a step.
type Result struct {
	Name string
	Time time.Duration
	// Ended tells which of two steps that ran side by side was first.
	Ended time.Time
	Err   error // nil: it succeeded
}

// ErrStopped is the error of a step that another one's failure stopped.
var ErrStopped = errors.New("stopped, because another step failed")

// Middleware wraps something around the step with the given name.
type Middleware func(name string, next Func) Func

// Runner runs steps, at most Limit at once (0: no limit), each inside
// Middleware, the first one outermost.
type Runner struct {
	Limit      int
	Middleware []Middleware
	// StopOnFailure has the first step that fails stop the others.
	StopOnFailure bool
}

// Run runs all steps and returns one result for each, in their order. A step
// that fails does not stop the others, unless it is asked to: they are
// independent of it, and what they find is worth knowing.
func (r Runner) Run(ctx context.Context, steps []Step) []Result {
	results := make([]Result, len(steps))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group errgroup.Group
	if r.Limit > 0 {
		group.SetLimit(r.Limit)
	}
	for i, s := range steps {
		group.Go(func() error {
			start := time.Now()
			err := context.Cause(ctx)
			if !errors.Is(err, ErrStopped) {
				err = r.wrap(s)(ctx)
			}
			switch {
			case err == nil:
			case errors.Is(context.Cause(ctx), ErrStopped):
				err = ErrStopped
			case r.StopOnFailure:
				stop(ErrStopped)
			}
			results[i] = Result{Name: s.Name, Time: time.Since(start), Ended: time.Now(), Err: err}
			return nil
		})
	}
	_ = group.Wait()
	return results
}

func (r Runner) wrap(s Step) Func {
	run := s.Run
	for i := len(r.Middleware) - 1; i >= 0; i-- {
		run = r.Middleware[i](s.Name, run)
	}
	return run
}
