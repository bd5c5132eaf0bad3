package ociimage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func listing(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// bigImage does not fit a small disk.
func bigImage(t *testing.T) Image {
	return Image{Platform: amd64, Rootfs: opener(tarOf(t, file("big", string(compressible(8<<20)))))}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dist", "app", "image.tar")
	opts := Options{TempDir: t.TempDir()}
	d, err := WriteFile(t.Context(), path, []Image{sampleImage(t, amd64)}, opts)
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, written(t, opts, sampleImage(t, amd64)), data)
	again, err := WriteFile(t.Context(), path, []Image{sampleImage(t, amd64)}, opts)
	require.NoError(t, err)
	require.Equal(t, d, again)
	require.Equal(t, []string{"image.tar"}, listing(t, filepath.Dir(path)))
	require.Empty(t, listing(t, opts.TempDir))
}

func TestWriteFileRefusesTarget(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "file"), nil, 0o644))
	for name, c := range map[string]struct{ path, want string }{
		"folder":        {root, "there is a folder of that name"},
		"device":        {os.DevNull, "not an ordinary file"},
		"below a file":  {filepath.Join(root, "file", "image.tar"), "a part of the path is a file"},
		"below a file2": {filepath.Join(root, "file", "deep", "image.tar"), "a part of the path is a file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := WriteFile(t.Context(), c.path, []Image{sampleImage(t, amd64)}, Options{})
			var target *TargetError
			require.ErrorAs(t, err, &target)
			require.Equal(t, c.path, target.Path)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, c.path)
		})
	}
	require.Equal(t, []string{"file"}, listing(t, root))
}

func TestWriteFileWithoutTempDir(t *testing.T) {
	_, err := WriteFile(t.Context(), filepath.Join(t.TempDir(), "image.tar"), []Image{sampleImage(t, amd64)},
		Options{TempDir: filepath.Join(t.TempDir(), "missing")})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "creating a temporary file")
}

// failingWriter takes some bytes, then no more.
type failingWriter struct{ left int }

var errTorn = errors.New("connection torn")

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errTorn
	}
	w.left -= len(p)
	return len(p), nil
}

func TestWritePassesOnTheWritersError(t *testing.T) {
	for _, left := range []int{0, 600, 20_000, 4 << 20} {
		_, err := Write(t.Context(), &failingWriter{left}, []Image{bigImage(t)}, Options{Compression: Uncompressed})
		require.ErrorIs(t, err, errTorn)
		require.ErrorContains(t, err, "writing the image archive")
	}
}
