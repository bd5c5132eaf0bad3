package engine_test

import (
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// What a session has put into the daemon's cache may be pruned under its feet.
func TestPruningMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("starts an engine")
	}
	enginetest.Needs(t)
	p, err := enginetest.StartPlain(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	e := &env{Engine: enginetest.Engine{Name: "pruned", Address: p.Address}}
	c := e.connect(t)
	require.Equal(t, "one\n", run(t, boxIn(t, c), "echo", "one"))
	bk, err := client.New(t.Context(), p.Address)
	require.NoError(t, err)
	defer bk.Close()
	require.NoError(t, bk.Prune(t.Context(), nil, client.PruneAll))
	require.Equal(t, "two\n", run(t, boxIn(t, c), "echo", "two"), "in the same session")
	require.NoError(t, bk.Prune(t.Context(), nil, client.PruneAll))
	require.Equal(t, "three\n", run(t, boxIn(t, e.connect(t)), "echo", "three"), "in the next one")
}
