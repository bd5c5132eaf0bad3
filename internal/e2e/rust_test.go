package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRustImage packages examples/rust-rocket on an empty cache folder, and with
// the engine, crates and compiled dependencies that this machine has by then: on a
// fresh machine that is a second empty state. It works on a copy, as TestMainJob.
func TestRustImage(t *testing.T) {
	needsEmbedded(t)
	ci := compile(t, "./ci")
	source := filepath.Join(t.TempDir(), "rust-rocket")
	require.NoError(t, os.CopyFS(source, os.DirFS(filepath.Join(repository(t), "examples", "rust-rocket"))))
	image := func(t *testing.T) string {
		dist := t.TempDir()
		run(t, repository(t), ci, "package", "--source", source, "--output", dist, "--engine", "embedded")
		archive := filepath.Join(dist, "rust-rocket", "image.tar")
		info, err := os.Stat(archive)
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(maxImage))
		return imageDigest(t, archive)
	}
	shared := image(t)
	t.Run("from an empty cache folder", func(t *testing.T) {
		emptyCache(t)
		require.Equal(t, shared, image(t), "two states that share nothing gave different images")
	})
}
