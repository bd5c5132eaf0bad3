package engine_test

import (
	"path/filepath"
	"testing"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
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

// From an engine with results of earlier sessions to one that has nothing, whether
// the steps have run in the session that exports them or were found.
func TestLayersTravel(t *testing.T) {
	enginetest.Needs(t)
	t.Parallel()
	from, to := &env{Engine: enginetest.Engine{Address: startPlain(t)}}, &env{Engine: enginetest.Engine{Address: startPlain(t)}}
	dir, registry := t.TempDir(), registrytest.Start(t, registrytest.Options{}).Host
	for kind, place := range map[string]func(name string) (to, from string){
		"local": func(name string) (string, string) {
			return "type=local,dest=" + filepath.Join(dir, name), "type=local,src=" + filepath.Join(dir, name)
		},
		"registry": func(name string) (string, string) {
			ref := registry + "/layers:" + name
			return "type=registry,ref=" + ref, ref
		},
	} {
		t.Run(kind, func(t *testing.T) {
			for range 2 {
				tag := unique()
				cold, coldFrom := place(tag + "cold")
				warm, warmFrom := place(tag + "warm")
				want, text := from.layered(t, tag, engine.LayerCache{To: []string{cold}})
				require.Contains(t, text, "saved layer cache")
				again, text := from.layered(t, tag, engine.LayerCache{To: []string{warm}})
				require.Contains(t, text, "saved layer cache")
				require.Equal(t, want, again)
				for _, place := range []string{coldFrom, warmFrom} {
					found, text := to.layered(t, tag, engine.LayerCache{From: []string{place}})
					require.Equal(t, want, found, text)
					forgetAll(t, to.Address)
				}
			}
		})
	}
}

func TestALayerCacheOutOfReachStopsNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const nowhere = "type=registry,ref=127.0.0.1:1/nowhere:x"
		_, text := e.layered(t, unique(), engine.LayerCache{From: []string{"type=local,src=/nowhere", nowhere}, To: []string{nowhere}})
		require.Contains(t, text, "layer cache is not read")
		require.Contains(t, text, "layer cache was not saved")
	})
}
