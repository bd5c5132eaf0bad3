package gobuild

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func module(t *testing.T, goVersion string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.test/m\n\ngo "+goVersion+"\n"), 0o600))
	return dir
}

func TestToolchainTooOld(t *testing.T) {
	if _, err := lookGo(""); err != nil {
		t.Skip("no Go toolchain here")
	}
	_, err := findToolchain(context.Background(), module(t, "1.999"), append(os.Environ(), "GOTOOLCHAIN=local"))
	var refused *ToolchainError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "go1.999", refused.Need)
	require.NotEmpty(t, refused.Path)
	require.Contains(t, err.Error(), "go1.999 or newer is needed")
	require.Contains(t, err.Error(), "GOTOOLCHAIN=auto")
}

func TestToolchainMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := lookGo("")
	require.Error(t, err)
	_, err = lookGo(t.TempDir())
	require.Error(t, err)
	require.EqualError(t, &ToolchainError{Need: "go1.24.1"},
		"no `go` command found on PATH: install Go 1.24.1 or newer, or put its bin folder on PATH")
}

func TestToolchainBroken(t *testing.T) {
	bin := t.TempDir()
	sh, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("needs a POSIX shell")
	}
	require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte("#!"+sh+"\necho cannot start >&2; exit 3\n"), 0o700))
	t.Setenv("PATH", bin)
	_, err = findToolchain(context.Background(), module(t, "1.24"), os.Environ())
	var refused *ToolchainError
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, err, "cannot start")
}

func TestDiskName(t *testing.T) {
	require.Equal(t, "go.mod", diskName("go.mod.txt"))
	require.Equal(t, "sub/go.sum", diskName("sub/go.sum.txt"))
	require.Equal(t, "main.go", diskName("main.go.txt"))
	require.Equal(t, "notes.txt", diskName("notes.txt"))
	require.Equal(t, "main.go", diskName("main.go"))
}
