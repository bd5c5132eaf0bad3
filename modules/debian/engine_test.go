package debian_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	archive "github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/internal/moduletest"
)

var tests = moduletest.New(func(ctx context.Context, address string) (*dagger.Client, error) {
	return engine.Connect(ctx, engine.WithAddress(address))
})

func TestMain(m *testing.M) { tests.Main(m) }

func client(t testing.TB) *dagger.Client {
	t.Helper()
	return tests.ClientWithDebian(t)
}

func shell(script string) []string { return []string{"sh", "-c", script} }

func output(t *testing.T, ctr *dagger.Container, script string) string {
	t.Helper()
	out, err := ctr.WithExec(shell(script)).Stdout(t.Context())
	require.NoError(t, err)
	return out
}

func TestBase(t *testing.T) {
	base, err := debian.New(client(t), debian.Options{}).Base(t.Context())
	require.NoError(t, err)
	require.Contains(t, output(t, base, "cat /etc/os-release"), "VERSION_CODENAME=trixie")
	require.Empty(t, output(t, base, "dpkg --audit; dpkg --verify; find /var/log /var/lib/apt/lists -type f; ls /usr/lib/bodkin 2> /dev/null || true"))
	require.Equal(t, "_apt\n", output(t, base, "id -un 42"))
	require.Contains(t, output(t, base, "head -1 /etc/ssl/certs/ca-certificates.crt; ls /usr/share/zoneinfo/Europe/Berlin"), "BEGIN CERTIFICATE")
}

func TestWithPackages(t *testing.T) {
	c := client(t)
	d := debian.New(c, debian.Options{})
	base, err := d.Base(t.Context())
	require.NoError(t, err)
	ctr, err := d.WithPackages(t.Context(), base.WithUser("nobody"), "hello", "sl")
	require.NoError(t, err)
	require.Equal(t, "Hello, world!\nnobody\n", output(t, ctr, "hello; id -un"))

	mirror, err := archive.HostSource("")
	require.NoError(t, err)
	ctr = ctr.WithUser("root")
	require.Empty(t, output(t, ctr, "dpkg --audit; dpkg --verify; find /var/log /var/lib/apt/lists /var/cache/apt/archives /etc/apt/sources.list* -type f"))
	require.Empty(t, output(t, ctr, "grep -rlF '"+mirror.Archives[0].Mirror+"' /etc /var/lib /run || true"), "the container tells where it was built")

	missing, err := d.WithPackages(t.Context(), base, "no-such-package")
	require.NoError(t, err)
	_, err = missing.Sync(t.Context())
	var failed *dagger.ExecError
	require.ErrorAs(t, err, &failed)
	require.Contains(t, failed.Stderr, "Unable to locate package no-such-package")

	for _, bad := range []string{"-o=x", "a b", "", "Upper", "a;b", "../a"} {
		_, err := d.WithPackages(t.Context(), base, bad)
		require.ErrorContains(t, err, "is not a package name")
	}
}

func TestBaseWithPackagesAndLock(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "debian.lock")
	d := debian.New(client(t), debian.Options{Packages: []string{"hello"}, Lock: lock})
	base, err := d.Base(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Hello, world!\n", output(t, base, "hello"))
	require.FileExists(t, lock)
}

func TestScratchImageParts(t *testing.T) {
	d := debian.New(client(t), debian.Options{})
	bundle, err := d.CABundle(t.Context())
	require.NoError(t, err)
	text, err := bundle.Contents(t.Context())
	require.NoError(t, err)
	require.Greater(t, strings.Count(text, "BEGIN CERTIFICATE"), 100)

	base, err := d.Base(t.Context())
	require.NoError(t, err)
	require.Equal(t, text, output(t, base, "cat /etc/ssl/certs/ca-certificates.crt"), "it is the file Debian makes")

	zones, err := d.TimeZones(t.Context())
	require.NoError(t, err)
	berlin, err := zones.File("Europe/Berlin").Size(t.Context())
	require.NoError(t, err)
	require.NotZero(t, berlin)
}

func TestUnpacked(t *testing.T) {
	ctr, err := debian.New(client(t), debian.Options{Packages: []string{"dash", "coreutils"}, Without: []string{"debconf"}}).Unpacked(t.Context())
	require.NoError(t, err)
	require.Equal(t, "none\n", output(t, ctr, "ls /var/lib/dpkg /usr/bin/apt /etc/passwd 2> /dev/null || echo none"))
}
