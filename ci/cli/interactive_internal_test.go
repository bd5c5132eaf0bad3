package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFailureWaitsForWhoIsInAShell(t *testing.T) {
	var s shells
	broken := errors.New("broken")
	failed, done := make(chan struct{}), make(chan error)
	s.busy.Lock()
	go func() {
		done <- s.undisturbed("lint", func(context.Context) error { close(failed); return broken })(t.Context())
	}()
	<-failed
	require.NoError(t, s.undisturbed("fmt", func(context.Context) error { return nil })(t.Context()), "success disturbs nobody")
	select {
	case <-done:
		t.Fatal("it did not wait")
	default:
	}
	s.busy.Unlock()
	require.ErrorIs(t, <-done, broken)
}
