package debian

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

// packages are what a base needs, and app.
func packages(version string) []debiantest.Package {
	base := debiantest.Package{Name: "base-files", Version: "1", Fields: map[string]string{"Essential": "yes"}}
	certs := debiantest.Package{Name: "ca-certificates", Version: version, Files: []debiantest.File{
		{Name: "./usr/share/ca-certificates/mozilla/Zeta.crt", Text: "zeta"},
		{Name: "./usr/share/ca-certificates/mozilla/Alpha.crt", Text: "alpha\n"},
		{Name: "./usr/share/doc/ca-certificates/copyright", Text: "MPL"},
	}}
	zones := debiantest.Package{Name: "tzdata", Version: version, Files: []debiantest.File{
		{Name: "./usr/share/zoneinfo/Europe/"}, {Name: "./usr/share/zoneinfo/Europe/Berlin", Text: "TZif"},
		{Name: "./usr/share/zoneinfo/localtime", Link: "/etc/localtime", Type: '2'},
	}}
	return []debiantest.Package{base, certs, zones, {Name: "apt", Version: version}, {Name: "app", Version: version}}
}

// fake is a release on an archive of the test, with a cache of its own.
func fake(t *testing.T, opts Options) (*Debian, *debiantest.Archive) {
	t.Helper()
	t.Setenv("BODKIN_CACHE_DIR", t.TempDir())
	a := debiantest.New(t, archive.DefaultSuite, packages("1")...)
	if opts.Mirror == "" {
		opts.Mirror = a.URL
	}
	opts.Platform = "linux/amd64"
	d := New(nil, opts)
	d.keyring = a.Keyring
	return d, a
}

func TestLockFilePinsTheBase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debian.lock")
	d, a := fake(t, Options{Packages: []string{"app"}, Lock: path})
	first, err := d.lock(t.Context(), "amd64")
	require.NoError(t, err)
	require.FileExists(t, path)
	require.Equal(t, "1", first.Package("app").Version)
	require.NotNil(t, first.Package("base-files"), "essential packages are in it")

	a.Publish(archive.DefaultSuite, packages("2")...)
	again, err := d.lock(t.Context(), "amd64")
	require.NoError(t, err)
	require.Equal(t, first, again)

	require.NoError(t, d.UpdateLock(t.Context()))
	updated, err := d.lock(t.Context(), "amd64")
	require.NoError(t, err)
	require.Equal(t, "2", updated.Package("app").Version)
}

func TestWithoutLockFileTheCurrentVersionsAreUsed(t *testing.T) {
	d, a := fake(t, Options{Packages: []string{"app"}})
	a.Publish(archive.DefaultSuite, packages("2")...)
	l, err := d.lock(t.Context(), "amd64")
	require.NoError(t, err)
	require.Equal(t, "2", l.Package("app").Version)
	require.EqualError(t, d.UpdateLock(t.Context()), "updating the Debian lock: Options.Lock names no file")
}

func TestLockFileOfAnotherBase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "debian.lock")
	d, _ := fake(t, Options{Packages: []string{"app"}, Lock: path})
	_, err := d.lock(t.Context(), "amd64")
	require.NoError(t, err)

	_, err = d.lock(t.Context(), "arm64")
	require.EqualError(t, err, "lock "+path+" is for architecture amd64, wanted is arm64: refresh it with UpdateLock, or use one file for each")
	d.opts.Packages = []string{"app", "more"}
	_, err = d.lock(t.Context(), "amd64")
	require.ErrorContains(t, err, "is for packages app apt ca-certificates tzdata, wanted is app apt ca-certificates more tzdata")
	d.opts.Suite = "bookworm"
	_, err = d.lock(t.Context(), "amd64")
	require.ErrorContains(t, err, "is for suite trixie, wanted is bookworm")

	require.NoError(t, os.WriteFile(path, []byte("<<<<<<< HEAD\n"), 0o600))
	_, err = d.lock(t.Context(), "amd64")
	require.ErrorContains(t, err, path+", line 1")
}

func TestDefaultLocks(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		d := New(nil, Options{Mirror: "http://unused.example/debian"})
		l, err := d.lock(t.Context(), arch)
		require.NoError(t, err)
		require.Equal(t, arch, l.Arch)
		d.opts.Lock = "default"
		require.NoError(t, d.check(l, arch), "go generate has not been run after a change of BasePackages")
		require.True(t, l.Package("libc6") != nil && l.Package("base-files").Essential)
	}
}

// Locks of another package are used where they fit.
func TestEmbeddedLocks(t *testing.T) {
	d, a := fake(t, Options{Packages: []string{"app"}, Without: []string{"nothing"}})
	d.bare = true
	pinned, err := d.lock(t.Context(), "amd64")
	require.NoError(t, err)
	require.Len(t, pinned.Packages, 1, "only what was asked for")
	d.opts.Locks = fstest.MapFS{"trixie-amd64.lock": {Data: []byte(pinned.Text())}}

	a.Publish(archive.DefaultSuite, packages("2")...)
	version := func() string {
		l, err := d.lock(t.Context(), "amd64")
		require.NoError(t, err)
		return l.Package("app").Version
	}
	require.Equal(t, "1", version())
	d.opts.Without = nil
	require.Equal(t, "2", version(), "it is for other packages")
}

func TestUnpackedArchiveIsNotThatOfTheBase(t *testing.T) {
	d, _ := fake(t, Options{Packages: []string{"app"}, Lock: filepath.Join(t.TempDir(), "debian.lock")})
	d.bare = true
	bare, err := d.basePath(t.Context(), "linux/amd64", "amd64")
	require.NoError(t, err)
	d.bare = false
	_, err = d.basePath(t.Context(), "linux/amd64", "amd64")
	require.ErrorContains(t, err, "is for packages app, wanted is app apt ca-certificates tzdata")
	d.opts.Lock = ""
	base, err := d.basePath(t.Context(), "linux/amd64", "amd64")
	require.NoError(t, err)
	require.NotEqual(t, bare, base)
}

func TestBaseArchiveIsTheSameEverywhere(t *testing.T) {
	var contents []string
	lock := filepath.Join(t.TempDir(), "debian.lock")
	d, a := fake(t, Options{Lock: lock})
	for range 2 {
		t.Setenv("BODKIN_CACHE_DIR", t.TempDir())
		path, err := d.basePath(t.Context(), "linux/amd64", "amd64")
		require.NoError(t, err)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		contents = append(contents, string(content))
	}
	require.True(t, contents[0] == contents[1], "two cache folders give two archives")

	before := len(a.Requests())
	d.opts.Mirror = "not a mirror"
	_, err := d.basePath(t.Context(), "linux/amd64", "amd64")
	require.NoError(t, err, "what is cached needs no mirror")
	require.Len(t, a.Requests(), before)
}

func TestCABundleIsSorted(t *testing.T) {
	d, _ := fake(t, Options{Lock: filepath.Join(t.TempDir(), "debian.lock")})
	path, err := d.caBundlePath(t.Context(), "amd64")
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "alpha\nzeta\n", string(content))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o644, info.Mode())
	require.Equal(t, 2025, info.ModTime().UTC().Year(), "the package's time, not this run's")
	again, err := d.caBundlePath(t.Context(), "amd64")
	require.NoError(t, err)
	require.Equal(t, path, again)
}

func TestTimeZonesLeaveOutTheHostsOwn(t *testing.T) {
	d, _ := fake(t, Options{Lock: filepath.Join(t.TempDir(), "debian.lock")})
	path, err := d.timeZonesPath(t.Context(), "amd64")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(path, "Europe/Berlin"))
	require.NoFileExists(t, filepath.Join(path, "localtime"))
	_, err = os.Lstat(filepath.Join(path, "localtime"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestDebianArch(t *testing.T) {
	for platform, want := range map[string]string{"linux/amd64": "amd64", "linux/arm64/v8": "arm64", "linux/arm/v7": "armhf", "linux/ppc64le": "ppc64el", "linux/386": "i386"} {
		arch, err := debianArch(platform)
		require.NoError(t, err)
		require.Equal(t, want, arch)
	}
	for _, platform := range []string{"windows/amd64", "linux", ""} {
		_, err := debianArch(platform)
		require.ErrorContains(t, err, "Debian has no port for platform")
	}
}

// The client's part of a new base: packages from the cache, one archive.
func BenchmarkBaseArchive(b *testing.B) {
	if testing.Short() {
		b.Skip("needs the network")
	}
	d := New(nil, Options{})
	if _, err := d.source("amd64"); err != nil {
		b.Skip(err)
	}
	cache := b.TempDir()
	b.Setenv("BODKIN_CACHE_DIR", cache)
	for b.Loop() {
		require.NoError(b, os.RemoveAll(filepath.Join(cache, "debian", "images")))
		_, err := d.basePath(b.Context(), "linux/amd64", "amd64")
		require.NoError(b, err)
	}
}
