//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.log")
	l, err := openLog(path)
	require.NoError(t, err)
	line := bytes.Repeat([]byte("x"), 1<<20)
	for range 11 {
		n, err := l.Write(line)
		require.NoError(t, err)
		require.Equal(t, len(line), n)
	}
	for _, p := range []string{path, path + ".1"} {
		info, err := os.Stat(p)
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(maxLog))
		require.Positive(t, info.Size())
	}
	reopened, err := openLog(path)
	require.NoError(t, err)
	require.Equal(t, int64(3<<20), reopened.size)
}

func TestCopyTree(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.MkdirAll(filepath.Join(from, "a", "b"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(from, "a", "b", "file"), []byte("text"), 0o640))
	require.NoError(t, os.Symlink("b/file", filepath.Join(from, "a", "link")))
	require.NoError(t, copyTree(from, to))
	data, err := os.ReadFile(filepath.Join(to, "a", "link"))
	require.NoError(t, err)
	require.Equal(t, "text", string(data))
	link, err := os.Readlink(filepath.Join(to, "a", "link"))
	require.NoError(t, err)
	require.Equal(t, "b/file", link)
}

func TestHostFilesAreFollowed(t *testing.T) {
	host, top := t.TempDir(), t.TempDir()
	path := filepath.Join(host, "resolv.conf")
	defer func(old []string) { followed = old }(followed)
	followed = []string{path}
	for _, text := range []string{"nameserver 192.0.2.1\n", "nameserver 192.0.2.2\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		refreshHostFiles(top)
		data, err := os.ReadFile(filepath.Join(top, path))
		require.NoError(t, err)
		require.Equal(t, text, string(data))
	}
	require.NoError(t, os.Remove(path))
	refreshHostFiles(top)
	require.NoFileExists(t, filepath.Join(top, path))
}

func TestBundleWithoutOneOnTheHost(t *testing.T) {
	root, top := t.TempDir(), t.TempDir()
	certs := filepath.Join(root, "usr/share/ca-certificates/mozilla")
	require.NoError(t, os.MkdirAll(certs, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(certs, "b.crt"), []byte("second"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(certs, "a.crt"), []byte("first"), 0o644))
	require.NoError(t, copyBundle(top, control.Config{Root: root}))
	data, err := os.ReadFile(filepath.Join(top, bundleInside))
	require.NoError(t, err)
	require.Equal(t, "first\nsecond\n", string(data))
}

func TestProcessesAreNotMistakenForOthers(t *testing.T) {
	self := identify(os.Getpid())
	require.True(t, alive(self))
	require.False(t, alive(control.Process{PID: self.PID, Start: self.Start + 1}))
	require.False(t, alive(control.Process{}))
}
