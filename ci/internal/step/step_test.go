package step_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/step"
)

var errBroken = errors.New("broken")

func TestResultsKeepTheOrderOfSteps(t *testing.T) {
	second := make(chan struct{})
	results := step.Runner{Middleware: []step.Middleware{step.Named}}.Run(t.Context(), []step.Step{
		{Name: "a", Run: func(context.Context) error { <-second; return errBroken }},
		{Name: "b", Run: func(context.Context) error { close(second); return nil }},
	})
	require.Len(t, results, 2)
	require.Equal(t, "a", results[0].Name)
	require.EqualError(t, results[0].Err, "a: broken")
	require.ErrorIs(t, results[0].Err, errBroken)
	require.NoError(t, results[1].Err)
}

func TestFailureStopsTheOthers(t *testing.T) {
	started := make(chan struct{})
	broken := func(context.Context) error { <-started; return errBroken }
	waits := func(ctx context.Context) error { close(started); <-ctx.Done(); return ctx.Err() }
	never := func(context.Context) error { t.Error("started after a failure"); return nil }
	results := step.Runner{Limit: 2, StopOnFailure: true}.Run(t.Context(), []step.Step{{"broken", broken}, {"waits", waits}, {"never", never}})
	require.ErrorIs(t, results[0].Err, errBroken)
	require.ErrorIs(t, results[1].Err, step.ErrStopped)
	require.ErrorIs(t, results[2].Err, step.ErrStopped)
	require.False(t, results[1].Ended.Before(results[0].Ended))
}

func TestLimit(t *testing.T) {
	var running, most atomic.Int32
	one := func(context.Context) error {
		most.Store(max(most.Load(), running.Add(1)))
		time.Sleep(time.Millisecond)
		running.Add(-1)
		return nil
	}
	var steps []step.Step
	for range 8 {
		steps = append(steps, step.Step{Name: "one", Run: one})
	}
	step.Runner{Limit: 1}.Run(t.Context(), steps)
	require.EqualValues(t, 1, most.Load())
}

func TestMiddlewareOrder(t *testing.T) {
	var calls []string
	around := func(mark string) step.Middleware {
		return func(name string, next step.Func) step.Func {
			return func(ctx context.Context) error {
				calls = append(calls, mark+name)
				return next(ctx)
			}
		}
	}
	r := step.Runner{Middleware: []step.Middleware{around("outer "), around("inner ")}}
	r.Run(t.Context(), []step.Step{{Name: "s", Run: func(context.Context) error { return nil }}})
	require.Equal(t, []string{"outer s", "inner s"}, calls)
}

func untilDone(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func TestAbandonLeavesWhatHangs(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errBroken)
	hangs := func(context.Context) error { select {} }
	require.Equal(t, errBroken, step.Abandon(time.Millisecond)("s", hangs)(ctx))

	other := errors.New("other")
	ends := func(context.Context) error { return other }
	require.Equal(t, other, step.Abandon(time.Hour)("s", ends)(ctx))
}

func TestLogged(t *testing.T) {
	var out bytes.Buffer
	logged := step.Logged(log.New(&out))
	require.NoError(t, logged("build a", func(context.Context) error { return nil })(t.Context()))
	require.Equal(t, errBroken, logged("build b", func(context.Context) error { return errBroken })(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, logged("build c", untilDone)(ctx))
	require.Regexp(t, `^INFO build a\nINFO build a: done took=\S+\nINFO build b\nERRO build b: failed took=\S+\nINFO build c\nWARN build c: stopped took=\S+\n$`, out.String())
}
