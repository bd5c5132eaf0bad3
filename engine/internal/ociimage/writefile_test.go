package ociimage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of one MiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(root, unix.MNT_DETACH)) })
	return root
}

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

func TestWriteFileToUnwritableFolder(t *testing.T) {
	root := t.TempDir()
	if os.Geteuid() == 0 { // permissions do not stop root, a read-only disk does
		root = smallDisk(t)
		require.NoError(t, unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	} else {
		require.NoError(t, os.Chmod(root, 0o555))
	}
	_, err := WriteFile(t.Context(), filepath.Join(root, "image.tar"), []Image{sampleImage(t, amd64)}, Options{})
	var target *TargetError
	require.ErrorAs(t, err, &target)
	require.ErrorContains(t, err, "its folder may not be written")
}

func TestWriteFileToFullDisk(t *testing.T) {
	root := smallDisk(t)
	path := filepath.Join(root, "image.tar")
	require.NoError(t, os.WriteFile(path, []byte("older"), 0o644))
	_, err := WriteFile(t.Context(), path, []Image{bigImage(t)}, Options{TempDir: t.TempDir()})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "no space left there")
	require.Equal(t, []string{"image.tar"}, listing(t, root), "nothing is left over")
	older, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "older", string(older), "what was there is still there")
}

func TestWriteFileWithFullTempDir(t *testing.T) {
	temp, root := smallDisk(t), t.TempDir()
	_, err := WriteFile(t.Context(), filepath.Join(root, "image.tar"), []Image{bigImage(t)}, Options{TempDir: temp})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "writing a temporary file")
	require.Empty(t, listing(t, temp))
	require.Empty(t, listing(t, root))
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
