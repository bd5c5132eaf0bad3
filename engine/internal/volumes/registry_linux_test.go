package volumes_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

func TestARegistryAsStore(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{User: "ci", Password: "secret"})
	proxy := registrytest.NewProxy(t, registry)
	config := t.TempDir()
	t.Setenv("DOCKER_CONFIG", config)
	store, err := volumes.OpenRegistry(proxy.Host + "/team/cache")
	require.NoError(t, err)
	e := newEngine(t)
	e.fill()
	_, err = volumes.Save(t.Context(), store, volume, e.carrier)
	require.ErrorContains(t, err, "UNAUTHORIZED", "there is no login yet")

	login := `{"auths":{"` + proxy.Host + `":{"auth":"Y2k6c2VjcmV0"}}}`
	require.NoError(t, os.WriteFile(filepath.Join(config, "config.json"), []byte(login), 0o600))
	_, err = store.Find(t.Context(), volume.Name)
	require.ErrorIs(t, err, volumes.ErrNotStored)
	first := e.save(store)
	require.True(t, first.Done)
	require.False(t, e.save(store).Done)
	e.write(map[string]string{"new": random(t, 100<<10)})
	require.Less(t, e.save(store).Moved, first.Moved/10)
	to := newEngine(t)
	to.restore(store)
	require.Equal(t, e.facts(), to.facts())

	for name, effect := range map[string]registrytest.Effect{
		"truncated": registrytest.Truncate, "corrupt": registrytest.Corrupt, "reset": registrytest.Reset, "gone": registrytest.Fail(http.StatusNotFound),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Find(t.Context(), volume.Name)
			require.NoError(t, err)
			proxy.Inject(registrytest.Fault{Method: http.MethodGet, Path: s.Packs[0].Digest.String(), Effect: effect})
			to := newEngine(t)
			_, err = volumes.Restore(t.Context(), store, volume, to.carrier)
			require.Error(t, err)
			require.Len(t, to.facts(), 1, "nothing of it is used")
		})
	}
}
