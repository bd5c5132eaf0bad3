package embedded

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "buildkitd.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	t.Setenv(RegistriesEnv, path)
	return path
}

func TestRegistriesAreTakenOver(t *testing.T) {
	path := configFile(t, `
debug = true
[worker.oci]
  enabled = false
[registry."registry.example.test:5000"]
  mirrors = ["mirror.example.test"]
  http = true
  ca = ["ca.pem"]
  [[registry."registry.example.test:5000".keypair]]
    key = "key.pem"
    cert = "cert.pem"
`)
	for _, name := range []string{"ca.pem", "key.pem", "cert.pem"} {
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), name), nil, 0o600))
	}
	s, err := hostSettings()
	require.NoError(t, err)
	require.Contains(t, s.registries, "[registry.'registry.example.test:5000']")
	require.Contains(t, s.registries, "mirrors = ['mirror.example.test']")
	require.Contains(t, s.registries, "http = true")
	require.NotContains(t, s.registries, "worker")
	require.NotContains(t, s.registries, "debug")
	require.Len(t, s.files, 3)
	for inside, host := range s.files {
		require.Contains(t, s.registries, inside)
		require.Equal(t, filepath.Base(host), filepath.Base(inside))
		require.Equal(t, filepath.Dir(path), filepath.Dir(host))
	}
}

func TestRegistriesThatCannotBeTakenOver(t *testing.T) {
	configFile(t, "[registry\n")
	_, err := hostSettings()
	require.ErrorContains(t, err, "buildkitd.toml")
	configFile(t, "[registry.\"example.test\"]\nca = [\"missing.pem\"]\n")
	_, err = hostSettings()
	require.ErrorContains(t, err, "missing.pem")
	t.Setenv(RegistriesEnv, filepath.Join(t.TempDir(), "none.toml"))
	_, err = hostSettings()
	require.ErrorContains(t, err, "none.toml")
	t.Setenv(RegistriesEnv, "")
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	_, err = hostSettings()
	require.NoError(t, err)
}

func TestVersionFollowsTheSettings(t *testing.T) {
	a, err := settings{}.version()
	require.NoError(t, err)
	b, err := settings{proxies: []string{"HTTP_PROXY=http://proxy.example.test"}}.version()
	require.NoError(t, err)
	again, err := settings{}.version()
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.Equal(t, a, again)
}

func TestIdleTime(t *testing.T) {
	for value, want := range map[string]time.Duration{"": DefaultIdle, "0": 0, "90s": 90 * time.Second} {
		t.Setenv(IdleEnv, value)
		got, err := idleTime()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, value := range []string{"soon", "-1s", "10"} {
		t.Setenv(IdleEnv, value)
		_, err := idleTime()
		require.ErrorContains(t, err, value)
	}
}

func TestUnsupportedSaysWhatWorksInstead(t *testing.T) {
	err := &UnsupportedError{Reason: "it needs root, and this is user 1000"}
	for _, want := range []string{"user 1000", "docker-container://", "BUILDKIT_HOST", "tcp://", "Dagger"} {
		require.ErrorContains(t, err, want)
	}
}
