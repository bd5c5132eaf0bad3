package step_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/step"
)

func nothing() string { return "" }

func compiling() string { return "  exec go build (for 3s)\n" }

func TestTimeout(t *testing.T) {
	var timeout *step.TimeoutError
	require.ErrorAs(t, step.Timeout(time.Millisecond, compiling)("s", untilDone)(t.Context()), &timeout)
	require.Equal(t, time.Millisecond, timeout.Limit)
	require.EqualError(t, timeout, "stopped after 1ms, its --timeout; allow it more, or see what it was busy with:\n  exec go build (for 3s)")
	require.EqualError(t, step.Timeout(time.Millisecond, nothing)("s", untilDone)(t.Context()), "stopped after 1ms, its --timeout; allow it more")

	broken := func(context.Context) error { return errBroken }
	require.Equal(t, errBroken, step.Timeout(time.Hour, nothing)("s", broken)(t.Context()))
	require.Equal(t, errBroken, step.Timeout(0, nothing)("s", broken)(t.Context()))

	// An end from outside is not a time-out.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, step.Timeout(time.Hour, nothing)("s", untilDone)(ctx), context.Canceled)
}

func TestSilence(t *testing.T) {
	const limit = 20 * time.Millisecond
	quiet := func() time.Duration { return limit }
	var silence *step.SilenceError
	require.ErrorAs(t, step.Silence(limit, quiet, compiling)("s", untilDone)(t.Context()), &silence)
	require.Equal(t, limit, silence.Limit)
	require.EqualError(t, silence, "stopped after 20ms without output or progress, its --silence; allow it more, or see what it was busy with:\n  exec go build (for 3s)")

	broken := func(context.Context) error { return errBroken }
	require.Equal(t, errBroken, step.Silence(time.Hour, quiet, nothing)("s", broken)(t.Context()))
	require.Equal(t, errBroken, step.Silence(0, quiet, nothing)("s", broken)(t.Context()))
}

// While something is heard now and then, a step may take as long as it likes.
func TestSilenceWaitsForSilence(t *testing.T) {
	const limit = 10 * time.Millisecond
	var looked atomic.Int32
	enough := make(chan struct{})
	heard := func() time.Duration {
		if looked.Add(1) == 50 {
			close(enough)
		}
		return limit - 1
	}
	waits := func(ctx context.Context) error {
		select {
		case <-enough:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	require.NoError(t, step.Silence(limit, heard, nothing)("s", waits)(t.Context()))
}
