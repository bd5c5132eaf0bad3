package ociimage

import (
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
