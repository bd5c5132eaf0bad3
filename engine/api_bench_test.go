package engine_test

import (
	"fmt"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// chains are ways to build a chain of n calls and ask a question that needs no
// evaluation.
var chains = []struct {
	name  string
	build func(c *dagger.Client, n int) *dagger.Container
}{
	{"variable", func(c *dagger.Client, n int) *dagger.Container {
		ctr := c.Container()
		for i := range n {
			ctr = ctr.WithEnvVariable("N", fmt.Sprint(i))
		}
		return ctr
	}},
	{"variables", func(c *dagger.Client, n int) *dagger.Container {
		ctr := c.Container()
		for i := range n {
			ctr = ctr.WithEnvVariable(fmt.Sprint("N", i), "value")
		}
		return ctr
	}},
	{"files", func(c *dagger.Client, n int) *dagger.Container {
		ctr := c.Container()
		for i := range n {
			ctr = ctr.WithNewFile(fmt.Sprint("/f", i), "content")
		}
		return ctr
	}},
	{"execs", func(c *dagger.Client, n int) *dagger.Container {
		ctr := c.Container()
		for i := range n {
			ctr = ctr.WithExec([]string{"/box", "true", fmt.Sprint(i)})
		}
		return ctr
	}},
	{"mounts", func(c *dagger.Client, n int) *dagger.Container {
		ctr, dir := c.Container(), c.Directory().WithNewFile("f", "content")
		for i := range n {
			ctr = ctr.WithMountedDirectory(fmt.Sprint("/mnt/", i), dir)
		}
		return ctr
	}},
	{"mounts-and-execs", func(c *dagger.Client, n int) *dagger.Container {
		ctr := c.Container().WithMountedDirectory("/src", c.Directory())
		for i := range n / 2 {
			ctr = ctr.WithExec([]string{"/box", "true", fmt.Sprint(i)}).WithNewFile(fmt.Sprint("/src/", i), "")
		}
		return ctr
	}},
}

// BenchmarkChain: what one call of a chain costs where nothing is evaluated, for
// chains of different lengths: the cost of a call should not grow with them.
func BenchmarkChain(b *testing.B) {
	if testing.Short() {
		b.Skip("needs an engine")
	}
	c := enginetest.Connect(b)
	for _, chain := range chains {
		for _, length := range []int{250, 1000, 4000} {
			b.Run(fmt.Sprint(chain.name, "/", length), func(b *testing.B) {
				for b.Loop() {
					_, err := chain.build(c, length).EnvVariable(b.Context(), "N")
					require.NoError(b, err)
				}
				perCall(b, length)
			})
		}
	}
}

// BenchmarkLoad: what it costs to load an object by its ID, and to take it a call
// further, 200 times.
func BenchmarkLoad(b *testing.B) {
	if testing.Short() {
		b.Skip("needs an engine")
	}
	const calls = 200
	c := enginetest.Connect(b)
	for _, chain := range chains {
		b.Run(chain.name, func(b *testing.B) {
			id, err := chain.build(c, 1000).ID(b.Context())
			require.NoError(b, err)
			for b.Loop() {
				for i := range calls {
					id, err = dagger.Ref[*dagger.Container](c, id).WithLabel("N", fmt.Sprint(i)).ID(b.Context())
					require.NoError(b, err)
				}
			}
			perCall(b, calls)
		})
	}
}

// perCall reports the time of one of n calls.
func perCall(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed())/float64(time.Microsecond)/float64(b.N)/float64(n), "µs/call")
}
