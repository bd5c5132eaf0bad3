package embedded_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// BenchmarkJoin is a client's start on a daemon that runs.
func BenchmarkJoin(b *testing.B) {
	enginetest.Address(b)
	for b.Loop() {
		d, err := embedded.Start(context.Background(), embedded.Options{})
		require.NoError(b, err)
		require.NoError(b, d.Close())
	}
}

// BenchmarkStart is a client's start on everything set up but no daemon.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	start(b, dir)
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, embedded.Stop(context.Background(), dir))
		b.StartTimer()
		d, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
		require.NoError(b, err)
		require.NoError(b, d.Close())
	}
}

// BenchmarkTwentySteps is a chain of steps that do nothing, none of them cached.
func BenchmarkTwentySteps(b *testing.B) {
	const steps = 20
	dir := b.TempDir()
	d := start(b, dir)
	root, mounts := probe(b)
	_, err := solve(context.Background(), b, d.Address(), root, mounts)
	require.NoError(b, err)
	run := 0
	for b.Loop() {
		run++
		st := root
		for range steps {
			st = st.Run(llb.Args([]string{"/probe", "true"}), llb.AddEnv("RUN", strconv.Itoa(run))).Root()
		}
		_, err := solve(context.Background(), b, d.Address(), st, mounts)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*steps), "ms/step")
}
