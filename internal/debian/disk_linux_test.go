package debian_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

// smallDisk mounts a file system of 128 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("mounting a small file system: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(dir, 0)) })
	return dir
}

func TestFullDisk(t *testing.T) {
	random := make([]byte, 512<<10)
	_, err := rand.Read(random)
	require.NoError(t, err)
	a := debiantest.New(t, "trixie", withFiles("app", file{Name: "./usr/share/app", Text: string(random)}))
	s := source(t, a)
	l := resolve(t, s, debian.ResolveOptions{}, "app")
	disk := smallDisk(t)

	full := s
	full.CacheDir = disk
	_, err = full.Fetch(t.Context(), l)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, disk)
	left, err := os.ReadDir(filepath.Join(disk, "packages"))
	require.NoError(t, err)
	require.Empty(t, left)

	err = debian.Unpack(t.Context(), s, l, filepath.Join(disk, "root"))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "unpacking into "+disk)
}
