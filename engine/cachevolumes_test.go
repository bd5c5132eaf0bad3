package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

// A volume of the same name on an engine that has never seen it: the tests have one
// engine each, so the store's entry is found under the key of another volume.
func TestCacheVolumesTravel(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		store, key := t.TempDir(), unique()
		fill := func() *dagger.Client { return e.connect(t, engine.WithCacheVolumes(engine.CacheVolumes{Store: store})) }
		c := fill()
		run(t, boxIn(t, c).WithMountedCache("/c", c.CacheVolume(key)).WithEnvVariable("N", unique()), "count", "/c/n")
		require.NoError(t, c.Close())
		require.FileExists(t, store+"/index.json")
	})
}
