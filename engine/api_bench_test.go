package engine_test

import (
	"fmt"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// BenchmarkChain: what one call of a chain costs where nothing is evaluated, for
// chains of different lengths: the cost of a call should not grow with them.
func BenchmarkChain(b *testing.B) {
	if testing.Short() {
		b.Skip("needs an engine")
	}
	c := enginetest.Connect(b)
	for _, length := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			for b.Loop() {
				ctr := c.Container()
				for i := range length {
					ctr = ctr.WithEnvVariable("N", fmt.Sprint(i))
				}
				_, err := ctr.EnvVariable(b.Context(), "N")
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(length), "µs/call")
		})
	}
}

// BenchmarkLoad: what it costs to load an object by its ID.
func BenchmarkLoad(b *testing.B) {
	if testing.Short() {
		b.Skip("needs an engine")
	}
	c := enginetest.Connect(b)
	id, err := c.Container().WithEnvVariable("A", "b").ID(b.Context())
	require.NoError(b, err)
	for b.Loop() {
		_, err := dagger.Ref[*dagger.Container](c, id).EnvVariable(b.Context(), "A")
		require.NoError(b, err)
	}
}
