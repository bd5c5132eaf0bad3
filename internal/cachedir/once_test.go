package cachedir

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

func TestOnceFillsOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made")
	var filled atomic.Int32
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			got, err := Once(t.Context(), path, func(work string) error {
				filled.Add(1)
				return os.WriteFile(work, []byte("whole"), 0o600)
			})
			if err == nil && got != path {
				return errors.New("returned " + got)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 1, filled.Load())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "whole", string(content))
}

func TestOnceKeepsNothingHalfWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "made")
	broken := errors.New("the network is gone")
	_, err := Once(t.Context(), path, func(work string) error {
		require.NoError(t, os.WriteFile(work, []byte("ha"), 0o600))
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.NoFileExists(t, path)

	// Nor what a process left that was killed while it filled.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".made.tmp", "made"), 0o700))
	_, err = Once(t.Context(), path, func(work string) error { return os.WriteFile(work, []byte("whole"), 0o600) })
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "whole", string(content))
}
