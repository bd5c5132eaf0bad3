package registry

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzConfig reads random [registry] tables, and uses what it takes.
func FuzzConfig(f *testing.F) {
	for _, text := range []string{
		"[registry.\"a:5000\"]\nmirrors=[\"b\"]\nhttp=true\nca=[\"x.pem\"]\n", "[registry.x]\n[[registry.x.keypair]]\nkey=\"k\"\ncert=\"c\"\n",
		"registry=1", "[registry", "[registry.a]\ninsecure=false\ntlsconfigdir=[\"/\"]",
	} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "buildkitd.toml")
	f.Setenv(ConfigEnv, path)
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := ReadConfig()
		if err != nil {
			return
		}
		_ = config.TokenTLS()
		config.Move(func(p string) string { return "/moved" + p })
		_ = New(config, NewLogins(os.Stderr))
	})
}
