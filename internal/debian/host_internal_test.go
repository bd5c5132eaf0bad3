package debian

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// aptFolder writes an apt configuration; names are relative to /etc/apt.
func aptFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestHostSourceReadsAptSources(t *testing.T) {
	mirrorList := filepath.Join(t.TempDir(), "debian.list")
	require.NoError(t, os.WriteFile(mirrorList, []byte("https://cloud.example/debian\n"), 0o600))
	for name, c := range map[string]struct {
		files            map[string]string
		mirror, security string
	}{
		"deb822": {map[string]string{"sources.list.d/debian.sources": `Types: deb deb-src
URIs: http://one.example/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://two.example/debian-security
Suites: bookworm-security
Components: main
`}, "http://one.example/debian", "http://two.example/debian-security"},
		"one line": {map[string]string{"sources.list": `# a comment
deb-src http://src.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://one.example/mirror bookworm main contrib # here
deb http://two.example/security bookworm-security main
`}, "https://one.example/mirror", "http://two.example/security"},
		"others beside": {map[string]string{
			"sources.list.d/a-tool.list":     "deb [signed-by=/etc/apt/keyrings/tool.gpg] https://tool.example/debian bookworm main\n",
			"sources.list.d/b-docker.list":   "deb https://docker.example/linux/debian bookworm stable\n",
			"sources.list.d/c-cloud.sources": "Types: deb\nURIs: https://cloud.example/apt\nSuites: cloud-sdk-bookworm\nComponents: main\n",
			"sources.list.d/d-off.sources":   "Types: deb\nEnabled: no\nURIs: https://off.example/debian\nSuites: bookworm\nComponents: main\n",
			"sources.list.d/e-vendor.list":   "deb https://vendor.example bookworm main\n",
			"sources.list":                   "deb http://one.example/debian bookworm main\n",
		}, "http://one.example/debian", "http://one.example/debian-security"},
		"mirror list": {map[string]string{"sources.list.d/debian.sources": "Types: deb\nURIs: mirror+file://" + mirrorList +
			"\nSuites: trixie\nComponents: main\n"}, "https://cloud.example/debian", "https://cloud.example/debian-security"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := hostSource("trixie", env(nil), aptFolder(t, c.files))
			require.NoError(t, err)
			require.Equal(t, []Archive{
				{Mirror: c.mirror, Suite: "trixie"},
				{Mirror: c.mirror, Suite: "trixie-updates", Optional: true},
			}, s.Archives[:2])
			require.Equal(t, c.security, s.Archives[2].Mirror)
			require.Equal(t, "trixie-security", s.Archives[2].Suite)
			require.False(t, s.AllowExpired)
		})
	}
}

func TestHostSourceFromTheEnvironment(t *testing.T) {
	dir := aptFolder(t, map[string]string{"sources.list": "deb http://one.example/debian bookworm main\n"})
	s, err := hostSource("", env(map[string]string{MirrorEnv: "https://mine.example/debian", SnapshotEnv: "https://old.example/archive"}), dir)
	require.NoError(t, err)
	require.Equal(t, DefaultSuite, s.Suite)
	require.Equal(t, "https://mine.example/debian", s.Archives[0].Mirror)
	require.Equal(t, Archive{Mirror: "https://mine.example/debian-security", Suite: "trixie-security", Optional: true}, s.Archives[2])
	require.Equal(t, "https://old.example/archive", s.Snapshot)

	s, err = hostSource("sid", env(map[string]string{MirrorEnv: "https://mine.example/odd", SecurityMirrorEnv: "https://sec.example/x"}), dir)
	require.NoError(t, err)
	require.Equal(t, []Archive{{Mirror: "https://mine.example/odd", Suite: "sid"}}, s.Archives)

	_, err = hostSource("", env(map[string]string{MirrorEnv: "mine.example/debian"}), dir)
	require.ErrorContains(t, err, `"mine.example/debian" is not the http or https URL of a Debian mirror`)
}

func TestHostSourceWithoutMirror(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no apt": nil,
		"ubuntu": {"sources.list": "deb http://archive.example/ubuntu noble main\n"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := hostSource("", env(nil), aptFolder(t, files))
			require.ErrorIs(t, err, ErrNoMirror)
			require.ErrorContains(t, err, "set BODKIN_DEBIAN_MIRROR")
		})
	}
}

func TestAptConf(t *testing.T) {
	dir := aptFolder(t, map[string]string{
		"apt.conf.d/10first": `Acquire::Check-Valid-Until "true"; // later files win
/* Acquire::http::Proxy "http://commented.example"; */
# Acquire::https::Proxy "x";
APT { NeverAutoRemove { "^linux-.*"; }; };`,
		"apt.conf.d/20second.conf": "Acquire\n{\n  Check-Valid-Until \"false\";\n  http::Proxy \"http://proxy.example:3128/\";\n};\n",
		"apt.conf.d/30off.bak":     `Acquire::Check-Valid-Until "true";`,
		"sources.list":             "deb http://one.example/debian bookworm main\n",
	})
	require.Equal(t, map[string]string{
		"acquire::check-valid-until": "false",
		"acquire::http::proxy":       "http://proxy.example:3128/",
	}, readAptConf(dir))
	s, err := hostSource("", env(nil), dir)
	require.NoError(t, err)
	require.True(t, s.AllowExpired)
}
