package interrupt

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// watch runs a watcher and returns its ends, how it tells of them, and a way to
// wait for it.
func watch(t *testing.T, grace time.Duration) (signals chan os.Signal, stopped chan struct{}, ctx context.Context, ended, returned chan struct{}) {
	t.Helper()
	signals, stopped = make(chan os.Signal), make(chan struct{})
	ended, returned = make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancelCause(t.Context())
	w := watcher{grace: grace, end: func() { close(ended) }}
	go func() {
		defer close(returned)
		w.run(signals, stopped, cancel)
	}()
	return signals, stopped, ctx, ended, returned
}

func TestFirstSignalCancelsAndGraceEnds(t *testing.T) {
	signals, _, ctx, ended, _ := watch(t, time.Millisecond)
	signals <- syscall.SIGTERM
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), ErrInterrupted)
	<-ended
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	signals, _, ctx, ended, _ := watch(t, time.Hour)
	signals <- os.Interrupt
	<-ctx.Done()
	signals <- os.Interrupt
	<-ended
}

func TestStoppedWatcherNeverEndsTheProgram(t *testing.T) {
	_, stopped, ctx, _, returned := watch(t, time.Hour)
	close(stopped)
	<-returned
	require.NoError(t, ctx.Err())

	signals, stopped, _, ended, returned := watch(t, time.Hour)
	signals <- os.Interrupt
	close(stopped)
	<-returned
	select {
	case <-ended:
		require.Fail(t, "the program was ended")
	default:
	}
}

func TestGraceLeavesRoomWithinTwoSeconds(t *testing.T) {
	require.Less(t, grace, 2*time.Second)
}
