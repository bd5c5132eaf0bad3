package volumes_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dockerconfig "github.com/docker/cli/cli/config"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
	"github.com/bodkin-ci/bodkin/internal/registry"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

func openRegistry(t *testing.T, ref string) *volumes.Registry {
	t.Helper()
	client, err := registry.ForUser(os.Stderr)
	require.NoError(t, err)
	store, err := volumes.OpenRegistry(ref, client)
	require.NoError(t, err)
	return store
}

func TestARegistryAsStore(t *testing.T) {
	proxy := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Options{User: "ci", Password: "secret"}))
	config := t.TempDir()
	dockerconfig.SetDir(config) // the environment is read once in a process
	store := openRegistry(t, proxy.Host+"/team/cache")
	e := newEngine(t)
	e.fill()
	_, err := volumes.Save(t.Context(), store, volume, e.carrier)
	require.ErrorContains(t, err, "UNAUTHORIZED", "there is no login yet")

	login := `{"auths":{"` + proxy.Host + `":{"auth":"Y2k6c2VjcmV0"}}}`
	require.NoError(t, os.WriteFile(filepath.Join(config, "config.json"), []byte(login), 0o600))
	store = openRegistry(t, proxy.Host+"/team/cache")
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
			defer proxy.Heal()
			proxy.Inject(registrytest.Fault{Method: http.MethodGet, Path: s.Packs[0].Digest.String(), Effect: effect})
			to := newEngine(t)
			_, err = volumes.Restore(t.Context(), store, volume, to.carrier)
			require.Error(t, err)
			require.Len(t, to.facts(), 1, "nothing of it is used")
		})
	}
}

// A registry with a certificate of its own authority, that the CI has the login for.
func TestARegistryOfItsOwnAuthority(t *testing.T) {
	r := registrytest.Start(t, registrytest.Options{TLS: true, User: "ci", Password: "secret"})
	t.Setenv("CI_REGISTRY", r.Host)
	t.Setenv("CI_REGISTRY_USER", "ci")
	t.Setenv("CI_REGISTRY_PASSWORD", "secret")
	tables := filepath.Join(t.TempDir(), "buildkitd.toml")
	require.NoError(t, os.WriteFile(tables, fmt.Appendf(nil, "[registry.%q]\nhttp = false\nca = [%q]\n", r.Host, r.CA), 0o600))
	t.Setenv(registry.ConfigEnv, tables)
	store := openRegistry(t, r.Host+"/team/cache")
	e := newEngine(t)
	e.fill()
	require.True(t, e.save(store).Done)
	to := newEngine(t)
	to.restore(store)
	require.Equal(t, e.facts(), to.facts())

	require.NoError(t, os.WriteFile(tables, nil, 0o600))
	_, err := openRegistry(t, r.Host+"/team/cache").Find(t.Context(), volume.Name)
	require.ErrorContains(t, err, "certificate signed by unknown authority")
}

// What goes wrong a few times does not show.
func TestARegistryWithBadMoments(t *testing.T) {
	r := registrytest.Start(t, registrytest.Options{})
	for name, faults := range map[string][]registrytest.Fault{
		"502":            {{Method: http.MethodPut, Times: 1, Effect: registrytest.Fail(http.StatusBadGateway)}, {Method: http.MethodGet, Times: 1, Effect: registrytest.Fail(http.StatusBadGateway)}},
		"429":            {{Times: 1, Effect: registrytest.Fail(http.StatusTooManyRequests, "Retry-After", "1")}},
		"resets":         {{Method: http.MethodPost, Times: 1, Effect: registrytest.Reset}, {Method: http.MethodGet, Times: 1, Effect: registrytest.Reset}},
		"truncated blob": {{Method: http.MethodGet, Path: "/blobs/", Times: 2, Effect: registrytest.Truncate}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, r)
			store := openRegistry(t, p.Host+"/"+strings.ReplaceAll(name, " ", "-"))
			e := newEngine(t)
			e.fill()
			p.Inject(faults...)
			require.True(t, e.save(store).Done)
			p.Inject(faults...)
			to := newEngine(t)
			to.restore(store)
			require.Equal(t, e.facts(), to.facts())
		})
	}
}

// Tokens that expire are replaced, and who is not let in is told so.
func TestARegistryWithTokens(t *testing.T) {
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Options{}))
	p.WantTokens("ci", "secret", 3)
	t.Setenv("CI_REGISTRY", p.Host)
	t.Setenv("CI_REGISTRY_USER", "ci")
	t.Setenv("CI_REGISTRY_PASSWORD", "wrong-and-hidden")
	e := newEngine(t)
	e.fill()
	_, err := volumes.Save(t.Context(), openRegistry(t, p.Host+"/cache"), volume, e.carrier)
	require.ErrorContains(t, err, "401 Unauthorized")
	require.NotContains(t, err.Error(), "hidden")
	t.Setenv("CI_REGISTRY_PASSWORD", "secret")
	store := openRegistry(t, p.Host+"/cache")
	require.True(t, e.save(store).Done)
	to := newEngine(t)
	to.restore(store)
	require.Equal(t, e.facts(), to.facts())
	require.Greater(t, p.Tokens(), 1)
}
