// Package step runs the steps of a pipeline side by side. What every step needs
// (its name in errors, a log line, a time-out, an end that does not hang) is
// middleware around it, so that a step describes only its own problem. Start
// with Runner.
package step

import (
	"context"
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
	Err  error // nil: it succeeded
}

// Middleware wraps something around the step with the given name.
type Middleware func(name string, next Func) Func

// Runner runs steps, at most Limit at once (0: no limit), each inside
// Middleware, the first one outermost.
type Runner struct {
	Limit      int
	Middleware []Middleware
}

// Run runs all steps and returns one result for each, in their order. A step
// that fails does not stop the others: they are independent of it, and what they
// find is worth knowing.
func (r Runner) Run(ctx context.Context, steps []Step) []Result {
	results := make([]Result, len(steps))
	var group errgroup.Group
	if r.Limit > 0 {
		group.SetLimit(r.Limit)
	}
	for i, s := range steps {
		group.Go(func() error {
			start := time.Now()
			err := r.wrap(s)(ctx)
			results[i] = Result{Name: s.Name, Time: time.Since(start), Err: err}
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
