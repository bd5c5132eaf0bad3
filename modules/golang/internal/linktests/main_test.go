package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// sh is a command that runs a script in the kept folder.
func sh(kept, script string) []string { return []string{"sh", "-c", "cd " + kept + " && " + script} }

func TestLink(t *testing.T) {
	kept, out := filepath.Join(t.TempDir(), "kept"), filepath.Join(t.TempDir(), "out")
	call := func(script string, programs ...string) error {
		args := append([]string{kept, out}, programs...)
		return run(append(append(args, "--"), sh(kept, script)...))
	}
	require.NoError(t, call("echo 1 > a.test; echo 2 > b.test", "a.test"))
	content, err := os.ReadFile(filepath.Join(out, "a.test"))
	require.NoError(t, err)
	require.Equal(t, "1\n", string(content))
	require.NoFileExists(t, filepath.Join(out, "b.test"), "not asked for")

	require.NoError(t, call("test -f b.test", "b.test"), "what was linked before is there")
	info, err := os.Stat(filepath.Join(out, "b.test"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode().Perm())

	var exit *exec.ExitError
	require.ErrorAs(t, call("exit 3", "a.test"), &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.NoError(t, call("test -f a.test", "a.test"), "a command that fails leaves what was there")

	require.Error(t, call("echo 12 > a.test; kill -9 $$", "a.test"))
	require.ErrorIs(t, call("test ! -e a.test -a ! -e b.test", "a.test"), os.ErrNotExist, "a killed one may have left anything")
	require.NoError(t, call("echo 3 > a.test", "a.test"))
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"kept", "out"}, {"kept", "--", "true"}, {"kept", "out", "a", "--"}} {
		require.ErrorContains(t, run(args), "usage: linktests")
	}
}
