package progress_test

import (
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
)

func TestBusy(t *testing.T) {
	var b progress.Busy
	require.Empty(t, b.What())
	started, ended := time.Now().Add(-time.Hour), time.Now()
	one, two := digest.FromString("one"), digest.FromString("two")
	b.Add(&client.SolveStatus{Vertexes: []*client.Vertex{
		{Digest: two, Name: "exec two", Started: &ended},
		{Digest: one, Name: "exec one", Started: &started},
		{Digest: digest.FromString("three"), Name: "waits"},
	}})
	b.Add(&client.SolveStatus{Logs: []*client.VertexLog{{Vertex: one, Data: []byte("first\n10%\r50%\n")}, {Vertex: one, Data: []byte("\n")}}})
	require.Equal(t, "  exec one (for 1h0m0s; its last line: 50%)\n  exec two (for 0s)\n", b.What())
	b.Add(&client.SolveStatus{Vertexes: []*client.Vertex{{Digest: one, Started: &started, Completed: &ended}}})
	require.Equal(t, "  exec two (for 0s)\n", b.What())
}

func TestBusyHears(t *testing.T) {
	var b progress.Busy
	require.Greater(t, b.Silent(), time.Hour, "nothing yet")
	b.Add(&client.SolveStatus{})
	require.Greater(t, b.Silent(), time.Hour, "an update without content is no sign of life")
	b.Add(&client.SolveStatus{Logs: []*client.VertexLog{{}}})
	require.Less(t, b.Silent(), time.Hour)
}
