package debian_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

func TestFetchKeepsWhatIsIntact(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"), pkg("lib", "1"))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app", "lib")
	paths, err := s.Fetch(t.Context(), l)
	require.NoError(t, err)
	before := len(a.Requests())

	_, err = s.Fetch(t.Context(), l)
	require.NoError(t, err)
	require.Len(t, a.Requests(), before)

	require.NoError(t, os.WriteFile(paths[1], []byte("damaged"), 0o600))
	again, err := s.Fetch(t.Context(), l)
	require.NoError(t, err)
	require.Equal(t, paths, again)
	require.Equal(t, []string{l.Packages[1].Filename}, a.Requests()[before:])
}

func TestFetchRemovesWhatIsLongUnused(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	old := filepath.Join(s.CacheDir, "packages", "old.deb")
	require.NoError(t, os.MkdirAll(filepath.Dir(old), 0o755))
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	long := time.Now().AddDate(0, -3, 0)
	require.NoError(t, os.Chtimes(old, long, long))
	paths, err := s.Fetch(t.Context(), l)
	require.NoError(t, err)
	require.NoFileExists(t, old)
	require.FileExists(t, paths[0])
}

func TestLockNeedsNoIndex(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	a.Remove(inRelease)
	s.CacheDir = t.TempDir()
	_, err := s.Fetch(t.Context(), l)
	require.NoError(t, err)
}

func TestPackageGoneFromTheMirror(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	file := l.Packages[0].Filename
	content := a.Get(file)
	a.Remove(file)

	_, err := s.Fetch(t.Context(), l)
	var gone *debian.GoneError
	require.ErrorAs(t, err, &gone)
	require.ErrorContains(t, err, "refresh the lock")

	s.Snapshot = a.URL + "/snapshot"
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), l.Date)
	a.Put("snapshot/debian/20260102T150405Z/"+file, content)
	_, err = s.Fetch(t.Context(), l)
	require.NoError(t, err)
}
