package shim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestCABundle(t *testing.T) {
	c := newContainer(t)
	const show = "env | grep -E 'CERT|CA_?BUNDLE|CAINFO' | sort"
	require.Empty(t, c.sh(show).stdout)

	bundle := c.path(".bodkin", protocol.BinName, protocol.BundleName(digest))
	c.host(protocol.Host{CABundle: bundle})
	r := c.run(protocol.Spec{}, "touch", "ran")
	require.Equal(t, protocol.StatusOutdated, r.status, "the bundle is not installed yet")
	require.NoFileExists(t, c.path("ran"))

	c.write("bundle.pem", "certificates")
	c.installWith(digest, "bundle.pem")
	require.Equal(t, "certificates", c.read(".bodkin/bin/"+protocol.BundleName(digest)))
	bundle = c.path(".bodkin", protocol.BinName, protocol.Bundle)
	require.NotContains(t, c.sh("env").stdout, protocol.HostVariable, "the command is not told what the shim is told")
	c.env = append(c.env, "CURL_CA_BUNDLE=/mine", "PIP_CERT=")
	require.Equal(t, lines(
		"AWS_CA_BUNDLE="+bundle,
		"CARGO_HTTP_CAINFO="+bundle,
		"CURL_CA_BUNDLE=/mine",
		"GIT_SSL_CAINFO="+bundle,
		"NODE_EXTRA_CA_CERTS="+bundle,
		"PIP_CERT=",
		"REQUESTS_CA_BUNDLE="+bundle,
		"SSL_CERT_FILE="+bundle,
	), c.sh(show).stdout)
}

// install installs the test program as the version with the given digest.
func (c *container) install(digest string) {
	c.t.Helper()
	c.installWith(digest, "")
}

// installWith also installs a bundle of CA certificates.
func (c *container) installWith(digest, bundle string) {
	c.t.Helper()
	args := protocol.InstallArgs(program, filepath.Join(".bodkin", protocol.BinName), digest, bundle, digest)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, string(out))
}

func (c *container) installed() *container {
	c.wrap = []string{"sh", "-c", `shift; exec .bodkin/bin/shim "$@"`, "sh"}
	return c
}

func TestInstall(t *testing.T) {
	c := newContainer(t)
	c.install(digest)
	bin := c.path(".bodkin", protocol.BinName)
	target, err := os.Readlink(filepath.Join(bin, protocol.Binary))
	require.NoError(t, err)
	require.Equal(t, protocol.VersionName(digest), target)
	info, err := os.Stat(filepath.Join(bin, protocol.Binary))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode())
	want, err := os.ReadFile(program)
	require.NoError(t, err)
	require.True(t, string(want) == c.read(".bodkin/bin/shim"), "not the same program")

	c.install(digest)
	entries, err := os.ReadDir(bin)
	require.NoError(t, err)
	require.Len(t, entries, 2, "installing again leaves nothing behind")
}

func TestInstallKeepsVersionsSideBySide(t *testing.T) {
	c := newContainer(t)
	for _, last := range "0123456789" {
		c.install(digest[:len(digest)-1] + string(last))
	}
	entries, err := os.ReadDir(c.path(".bodkin", protocol.BinName))
	require.NoError(t, err)
	require.Len(t, entries, 9, "the link and the last eight")
	require.NoFileExists(t, c.path(".bodkin/bin", protocol.VersionName(digest[:len(digest)-1]+"0")))
	require.FileExists(t, c.path(".bodkin/bin", protocol.VersionName(digest[:len(digest)-1]+"9")))
}

func TestInstallIntoMissingFolder(t *testing.T) {
	out, err := exec.Command(program, "install", filepath.Join(t.TempDir(), "none"), digest).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "no such file or directory")
}

func TestOutdated(t *testing.T) {
	other := "sha256:" + strings.Repeat("f", 64)
	c := newContainer(t).installed()
	c.install(other)
	c.host(protocol.Host{Shim: digest})
	r := c.run(protocol.Spec{Expect: protocol.ExpectAny}, "touch", "ran")
	require.Equal(t, protocol.StatusOutdated, r.status)
	message, marked := protocol.Marked(r.status, r.stderr)
	require.True(t, marked)
	require.Contains(t, message, protocol.VersionName(digest))
	require.NoFileExists(t, c.path("ran"))
	require.Empty(t, r.kept)

	c.install(digest)
	require.Equal(t, 0, c.run(protocol.Spec{}, "touch", "ran").status)
	require.FileExists(t, c.path("ran"))

	c.host(protocol.Host{Shim: other})
	require.Equal(t, "x\n", c.run(protocol.Spec{}, "echo", "x").stdout, "an older version goes on to serve older engines")
}

func TestMarked(t *testing.T) {
	for _, c := range []struct {
		status  int
		stderr  string
		message string
		ok      bool
	}{
		{protocol.StatusOutdated, "a\n" + protocol.MarkerOutdated + "why\n", "why", true},
		{protocol.StatusOutdated, protocol.MarkerOutdated + "why", "why", true},
		{protocol.StatusOutdated, "it says " + protocol.MarkerOutdated + "why\n", "", false},
		{protocol.StatusOutdated, protocol.MarkerSetup + "why\n", "", false},
		{1, protocol.MarkerOutdated + "why\n", "", false},
	} {
		message, ok := protocol.Marked(c.status, c.stderr)
		require.Equal(t, c.ok, ok, c.stderr)
		require.Equal(t, c.message, message)
	}
}
