package rust

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostSettings(t *testing.T) {
	home := t.TempDir()
	t.Setenv("CARGO_HOME", home)
	t.Setenv("CARGO_NET_RETRY", "7")
	t.Setenv("CARGO_HTTP_CAINFO", "/etc/host.pem")
	t.Setenv("CARGO_REGISTRIES_OWN_TOKEN", "secret")
	t.Setenv("CARGO_BUILD_JOBS", "1")
	write := func(config string) {
		require.NoError(t, os.WriteFile(filepath.Join(home, "config.toml"), []byte(config), 0o600))
	}

	settings, err := HostSettings()
	require.NoError(t, err)
	require.Equal(t, "7", settings.Variables["CARGO_NET_RETRY"])
	require.Equal(t, "secret", settings.Variables["CARGO_REGISTRIES_OWN_TOKEN"])
	require.NotContains(t, settings.Variables, "CARGO_HTTP_CAINFO")
	require.NotContains(t, settings.Variables, "CARGO_BUILD_JOBS")
	require.Empty(t, settings.Config)

	write(`[source.crates-io]
replace-with = "mirror"
[source.mirror]
registry = "sparse+https://crates.example/index/"
[http]
cainfo = "/etc/host.pem"
timeout = 9
[build]
rustflags = ["-Ctarget-cpu=native"]
`)
	settings, err = HostSettings()
	require.NoError(t, err)
	for _, kept := range []string{"mirror", "sparse+https://crates.example/index/", "timeout = 9"} {
		require.Contains(t, settings.Config, kept)
	}
	for _, left := range []string{"cainfo", "native"} {
		require.NotContains(t, settings.Config, left)
	}

	write("[source")
	_, err = HostSettings()
	require.ErrorContains(t, err, "reading cargo's configuration "+filepath.Join(home, "config.toml"))
}
