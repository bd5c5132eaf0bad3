package debian

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCachedIsMadeOnce(t *testing.T) {
	t.Setenv("BODKIN_CACHE_DIR", t.TempDir())
	var made atomic.Int32
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := cached(t.Context(), "kind", "file", func(path string) error {
				made.Add(1)
				return os.WriteFile(path, []byte("x"), 0o600)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 1, made.Load())
}

func TestCachedFailureLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("BODKIN_CACHE_DIR", cache)
	broken := errors.New("no more paper")
	_, err := cached(t.Context(), "kind", "file", func(path string) error {
		require.NoError(t, os.WriteFile(path, []byte("half"), 0o600))
		return broken
	})
	require.ErrorIs(t, err, broken)
	left, err := filepath.Glob(filepath.Join(cache, "debian/kind/*"))
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(cache, "debian/kind/.file.lock")}, left)
}

func TestUnusedIsRemoved(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("BODKIN_CACHE_DIR", cache)
	write := func(path string) error { return os.WriteFile(path, nil, 0o600) }
	old, err := cached(t.Context(), "kind", "old", write)
	require.NoError(t, err)
	recent, err := cached(t.Context(), "kind", "recent", write)
	require.NoError(t, err)
	long := time.Now().Add(-2 * keepUnused)
	require.NoError(t, os.Chtimes(old+".used", long, long))
	_, err = cached(t.Context(), "kind", "new", write)
	require.NoError(t, err)
	require.NoFileExists(t, old)
	require.NoFileExists(t, old+".used")
	require.FileExists(t, recent)
}
