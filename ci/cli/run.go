package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/ci/internal/interrupt"
	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/ci/internal/report"
	"github.com/bodkin-ci/bodkin/ci/internal/step"
	"github.com/bodkin-ci/bodkin/engine"
)

// How long a step may take to return after it was stopped, and what comes after
// the steps. Together they fit into the 2 seconds after which an
// interrupted program is gone.
const (
	stepGrace       = 800 * time.Millisecond
	disconnectGrace = 500 * time.Millisecond
)

// disconnectTimeout bounds how long the engine may take to say goodbye.
const disconnectTimeout = 10 * time.Second

// run does what was planned and reports it, with --watch until interrupted.
func (p *plan) run(ctx context.Context) error {
	if err := p.prepareOutput(); err != nil {
		return err
	}
	var shown atomic.Pointer[progress.Display]
	restore := keepTerminal()
	defer restore()
	ctx, stop := interrupt.Watch(ctx, func() {
		restore()
		if display := shown.Load(); display != nil {
			display.Restore()
		}
	})
	defer stop()
	once := func(ctx context.Context) error {
		display := progress.New(os.Stderr, p.mode)
		shown.Store(display)
		return p.once(ctx, display)
	}
	if p.watch {
		return p.again(ctx, once)
	}
	return once(ctx)
}

// once does what was planned in a session of its own.
func (p *plan) once(ctx context.Context, display *progress.Display) error {
	r := &session{
		plan: p, display: display, log: newLogger(display.Log(), p.mode),
		jobs: p.jobs(ctx), start: time.Now(), hosted: newHosted(p.mode),
	}
	r.execute(ctx)
	display.Close()
	if cause := context.Cause(ctx); errors.Is(cause, errChanged) {
		return cause
	}
	return r.report(ctx)
}

// session is a plan being carried out.
type session struct {
	plan    *plan
	display *progress.Display
	log     *log.Logger
	jobs    []*Job
	client  *dagger.Client
	results []step.Result
	start   time.Time
	shells  shells
	hosted  *hosted
	writes  writes
}

// execute connects, runs the steps and disconnects. Outcomes are in the results.
func (r *session) execute(ctx context.Context) {
	// Without --timeout: setting up an engine takes minutes, once.
	r.group("engine")
	connecting := step.Runner{Middleware: []step.Middleware{step.Named, step.Abandon(stepGrace)}}
	r.results = connecting.Run(ctx, []step.Step{{Name: "engine", Run: r.connect}})
	if r.results[0].Err != nil {
		return
	}
	runner := step.Runner{Limit: parallelSteps(), StopOnFailure: r.plan.stopOnFailure, Middleware: []step.Middleware{
		step.Logged(r.log), r.tallied, r.shells.undisturbed, step.Named,
		step.Timeout(r.plan.timeout, r.busy), step.Silence(r.plan.silence, r.silent, r.busy), step.Abandon(stepGrace),
	}}
	steps := r.plan.steps(r.jobs)
	r.group(titleOf(steps))
	r.results = append(r.results, runner.Run(ctx, steps)...)
	r.disconnect(ctx)
}

func (r *session) disconnect(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, disconnectTimeout+r.plan.caches.saveTimeout())
	defer cancel()
	closing := step.Abandon(disconnectGrace)("", func(context.Context) error { return r.client.Close() })
	if err := closing(bounded); err != nil && ctx.Err() == nil {
		r.log.Warn("disconnecting from the engine", "err", err)
	}
}

func (r *session) connect(ctx context.Context) error {
	client, err := engine.Connect(ctx, append(append(r.interactive(), r.plan.caches.options()...),
		engine.WithAddress(r.plan.engine),
		engine.WithLogger(r.log),
		engine.WithProgress(r.display.Update),
	)...)
	if err != nil {
		return err
	}
	r.client = client
	for _, job := range r.jobs {
		job.Dag, job.Log, job.Interactive = client, r.log, r.plan.interactive
	}
	return nil
}

// tallied tells the tally which step the engine works for.
func (r *session) tallied(name string, next step.Func) step.Func {
	return func(ctx context.Context) error {
		r.display.Tally.Begin(name)
		defer r.display.Tally.End(name)
		return next(ctx)
	}
}

// report says what failed and what became of each step.
func (r *session) report(ctx context.Context) error {
	out := r.display.Log()
	r.group("")
	r.reportSaid(out)
	failure := r.reportFailures(out)
	rows := make([]report.Row, len(r.results))
	for i, result := range r.results {
		rows[i] = r.row(i, result)
	}
	total := report.Total{Counts: r.display.Tally.Total(), Time: time.Since(r.start)}
	write := report.Summary
	if r.plan.mode == progress.JSON {
		write = report.SummaryJSON
	}
	if err := write(out, rows, total); err != nil {
		return err
	}
	if cause := context.Cause(ctx); errors.Is(cause, interrupt.ErrInterrupted) {
		return cause
	}
	if err := r.tell(rows, total); err != nil {
		r.log.Warn("what this CI shows beside the log", "err", err)
	}
	return failure
}

func (r *session) row(i int, result step.Result) report.Row {
	row := report.Row{Step: result.Name, Status: report.OK, Time: result.Time}
	switch {
	case stopped(result.Err):
		row.Status = report.Stopped
	case result.Err != nil:
		row.Status, row.Error = report.Failed, result.Err.Error()
	}
	if i == 0 { // connecting is not the engine's work
		return row
	}
	row.Files = r.jobs[i-1].written()
	if counts, exact := r.display.Tally.Step(result.Name); exact {
		row.Counts = &counts
	}
	return row
}

// stopped reports whether a step has this error because something else ended it.
func stopped(err error) bool {
	return errors.Is(err, interrupt.ErrInterrupted) || errors.Is(err, context.Canceled) || errors.Is(err, step.ErrStopped)
}

// reportSaid shows what the steps found out.
func (r *session) reportSaid(out io.Writer) {
	for _, job := range r.jobs {
		switch said := job.saying(); {
		case said == "":
		case r.plan.mode == progress.JSON:
			r.log.Info(said, "step", job.name)
		default:
			_, _ = io.WriteString(out, r.hosted.log.Foreign(fmt.Sprintf("\n%s:\n%s", job.name, said), r.hosted.token))
		}
	}
}

// reportFailures shows what went wrong, the first failure first.
func (r *session) reportFailures(out io.Writer) error {
	failed := slices.DeleteFunc(slices.Clone(r.results), func(result step.Result) bool { return result.Err == nil || stopped(result.Err) })
	slices.SortStableFunc(failed, func(a, b step.Result) int { return a.Ended.Compare(b.Ended) })
	for _, result := range failed {
		r.reportFailure(out, result.Err)
	}
	switch {
	case len(failed) == 0:
		return nil
	case r.client == nil:
		return errNoEngine
	}
	return errReported
}

func (r *session) reportFailure(out io.Writer, err error) {
	if r.plan.mode == progress.JSON {
		r.log.Error(strings.TrimSpace(report.Failure(err)))
		return
	}
	_, _ = io.WriteString(out, r.hosted.log.Foreign("\nFAILED "+report.Failure(err), r.hosted.token))
}
