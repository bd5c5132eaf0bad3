package progress_test

import (
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
)

func TestTallyOfOneStepAfterTheOther(t *testing.T) {
	var tally progress.Tally
	tally.Begin("a")
	tally.Add(vertex("one", ""))
	tally.Add(vertex("one", "done"))
	tally.Add(vertex("two", "cached"))
	tally.End("a")
	tally.Add(vertex("three", "failed")) // was on its way
	tally.Begin("b")
	tally.Add(vertex("four", "done"))
	tally.Add(vertex("one", "cached")) // asked for again
	tally.Add(vertex("five", ""))      // never ended
	tally.End("b")

	counts, exact := tally.Step("a")
	require.True(t, exact)
	require.Equal(t, progress.Counts{Cached: 1, Run: 2}, counts)
	counts, exact = tally.Step("b")
	require.True(t, exact)
	require.Equal(t, progress.Counts{Run: 1}, counts)
	require.Equal(t, progress.Counts{Cached: 1, Run: 3}, tally.Total())
}

func TestTallyOfStepsSideBySide(t *testing.T) {
	var tally progress.Tally
	tally.Begin("a")
	tally.Begin("b")
	tally.Add(vertex("one", "done"))
	tally.End("a")
	tally.Add(vertex("two", "done"))
	tally.End("b")
	tally.Begin("c")
	tally.Add(vertex("three", "cached"))
	tally.End("c")

	for step, want := range map[string]bool{"a": false, "b": false, "c": true} {
		_, exact := tally.Step(step)
		require.Equal(t, want, exact, step)
	}
	require.Equal(t, progress.Counts{Cached: 1, Run: 2}, tally.Total())
}

func TestTallyLeavesOutWhatNoCacheSaves(t *testing.T) {
	var tally progress.Tally
	source := vertex("load /src", "done")
	source.Vertexes[0].Inputs = nil
	tally.Add(source)
	tally.Add(vertex("[internal] load exec shim", "done"))
	require.Zero(t, tally.Total())
	cached := vertex("exec true", "cached")
	cached.Vertexes[0].Inputs = nil
	tally.Add(cached)
	require.Equal(t, progress.Counts{Cached: 1}, tally.Total())
}

func TestTallyTakesOutRestarts(t *testing.T) {
	var tally progress.Tally
	tally.Add(vertex("one", "done"))
	again := vertex("one", "")
	again.Vertexes = append(again.Vertexes, vertex("two", "").Vertexes...)
	tally.Add(again)
	require.Equal(t, []string{"two"}, names(again))
}

func names(status *client.SolveStatus) []string {
	var names []string
	for _, v := range status.Vertexes {
		names = append(names, v.Name)
	}
	return names
}
