package engine_test

import (
	"path/filepath"
	"testing"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// layered runs two steps with a layer cache and returns what they say, and the log.
func (e *env) layered(t *testing.T, tag string, l engine.LayerCache) (results [2]string, text string) {
	t.Helper()
	var out said
	c := e.connect(t, engine.WithLogger(log.New(&out)), engine.WithLayerCache(l))
	for i := range results {
		results[i] = run(t, boxIn(t, c).WithNewFile("/in", tag+string(rune('a'+i))), "random")
	}
	require.NoError(t, c.Close())
	return results, out.String()
}

// From one engine that has seen nothing yet to another one.
func TestLayersTravel(t *testing.T) {
	t.Parallel()
	dir, tag := filepath.Join(t.TempDir(), "layers"), unique()
	runners := [2]*env{}
	for i := range runners {
		runners[i] = &env{Engine: enginetest.Engine{Address: startPlain(t)}}
	}
	first, text := runners[0].layered(t, tag, engine.LayerCache{To: []string{"type=local,dest=" + dir}})
	require.Contains(t, text, "saved layer cache")
	again, text := runners[1].layered(t, tag, engine.LayerCache{From: []string{"type=local,src=" + dir}})
	require.Equal(t, first, again, text)
}

func TestALayerCacheOutOfReachStopsNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const nowhere = "type=registry,ref=127.0.0.1:1/nowhere:x"
		_, text := e.layered(t, unique(), engine.LayerCache{From: []string{"type=local,src=/nowhere", nowhere}, To: []string{nowhere}})
		require.Contains(t, text, "layer cache is not read")
		require.Contains(t, text, "layer cache was not saved")
	})
}
