package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// BenchmarkSessionCall: what a call costs that comes by HTTP and evaluates nothing.
func BenchmarkSessionCall(b *testing.B) {
	if testing.Short() {
		b.Skip("needs an engine")
	}
	s, err := engine.Listen(b.Context(), engine.WithAddress(enginetest.Engines(b)[0].Address))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	for b.Loop() {
		status, _ := ask(b, s, `{version}`, nil)
		require.Equal(b, http.StatusOK, status)
	}
}
