package debian_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
)

func sampleLock() *debian.Lock {
	return &debian.Lock{
		Suite: "trixie", Arch: "amd64", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Requested: []string{"app", "lib=1:2.0-1"}, Without: []string{"perl"},
		Packages: []debian.LockedPackage{
			{Name: "app", Version: "1", Filename: "pool/main/a/app_1_amd64.deb", SHA256: strings.Repeat("a", 64), Size: 10, Essential: true},
			{Name: "lib", Version: "1:2.0-1", Filename: "pool/updates/main/l/lib_2.0-1_amd64.deb", SHA256: strings.Repeat("b", 64), Size: 20, Security: true},
		},
	}
}

func TestLockRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "debian.lock")
	l := sampleLock()
	require.NoError(t, l.Write(path))
	read, err := debian.ReadLock(path)
	require.NoError(t, err)
	require.Equal(t, l, read)
	require.Equal(t, l.Digest(), read.Digest())

	read.Packages[0].SHA256 = strings.Repeat("c", 64)
	require.NotEqual(t, l.Digest(), read.Digest())
}

func TestMalformedLock(t *testing.T) {
	good := sampleLock().Text()
	for name, c := range map[string]struct{ old, new, want string }{
		"empty":      {good, "", "names no packages"},
		"no list":    {good[strings.Index(good, "\n\n"):], "", "names no packages"},
		"format":     {"Format: 1", "Format: 7", `line 2: format "7"`},
		"no suite":   {"Suite: trixie\n", "", "Suite or Architecture is missing"},
		"date":       {"2026-01-02T03", "soon", "date"},
		"garbage":    {"Package: lib", "<<<<<<< HEAD", `line 16: "<<<<<<< HEAD" is not a field`},
		"name":       {"Package: lib", "Package: ../lib", `"../lib" is not a package name`},
		"version":    {"Version: 1:2.0-1", "Version: ?", "package lib: version"},
		"climbing":   {"pool/updates/main", "pool/../../x", "is not a path of an archive"},
		"other host": {"pool/updates/main", "http://x/y", "is not a path of an archive"},
		"hash":       {"SHA256: b", "SHA256: B", "is not a SHA-256"},
		"size":       {"Size: 20", "Size: -1", `"-1" is not a size`},
		"twice":      {"Package: lib", "Package: app", "package app is named twice"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "debian.lock")
			require.NoError(t, os.WriteFile(path, []byte(strings.Replace(good, c.old, c.new, 1)), 0o600))
			_, err := debian.ReadLock(path)
			var bad *debian.LockError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, path)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := debian.ReadLock(filepath.Join(t.TempDir(), "missing.lock"))
	require.ErrorContains(t, err, "does not exist")
}
