package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/internal/registry"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// freshEngine starts an embedded engine with an empty cache, as on a runner that
// has nothing, and returns a client on it.
func freshEngine(t *testing.T) *dagger.Client {
	t.Helper()
	c, err := engine.Connect(t.Context(), engine.WithAddress(freshEmbedded(t)))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// freshEmbedded starts an embedded engine with an empty cache and returns its address.
func freshEmbedded(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	d, err := embedded.Start(t.Context(), embedded.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, d.Close())
		require.NoError(t, embedded.Stop(context.Background(), dir))
	})
	return d.Address()
}

// One runner publishes to a registry with TLS of its own and a password, another
// one, which has nothing of the first's, goes on from there: also through a mirror.
func TestPublishBetweenRunners(t *testing.T) {
	enginetest.Needs(t)
	password := "p-" + unique()
	r := registrytest.Start(t, registrytest.Options{TLS: true, User: "me", Password: password})
	dir := t.TempDir()
	ca, err := os.ReadFile(r.CA)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.crt"), ca, 0o600))
	config := filepath.Join(dir, "buildkitd.toml")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, `
[registry."docker.io"]
mirrors = ["%[1]s/hub"]

[registry."%[1]s"]
http = false
ca = ["own.crt"]
`, r.Host), 0o600))
	t.Setenv(registry.ConfigEnv, config)
	t.Setenv("CI_REGISTRY", r.Host)
	t.Setenv("CI_REGISTRY_USER", "me")
	t.Setenv("CI_REGISTRY_PASSWORD", password)

	content := unique()
	var base, ref string
	t.Run("first", func(t *testing.T) {
		c := freshEngine(t)
		base = published(t, boxIn(t, c).WithNewFile("/base", content), r.Host+"/hub/team/base:1")
		ctr := c.Container().From("team/base:1").WithNewFile("/app", content)
		ref = published(t, ctr, r.Host+"/team/app:1")
	})
	t.Run("second", func(t *testing.T) {
		c := freshEngine(t)
		ctr := c.Container().From(ref)
		require.Equal(t, content+content, run(t, ctr, "cat", "/base", ";", "cat", "/app"))
		again := c.Container().From("team/base@"+pinnedTo(t, base)).WithNewFile("/app", content)
		require.Equal(t, pinnedTo(t, ref), pinnedTo(t, published(t, again, r.Host+"/other/app:1")), "the same on every runner")
	})
}
