package toolchain_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/modules/golang/internal/toolchain"
)

const version = "1.26.8"

func TestArchive(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads a Go toolchain")
	}
	ctx := context.Background()
	path := os.Getenv("PATH")
	var archives [2]string
	for i := range archives {
		t.Setenv(cachedir.EnvVar, t.TempDir())
		archive, err := toolchain.Archive(ctx, version, runtime.GOARCH, nil)
		require.NoError(t, err)
		content, err := os.ReadFile(archive)
		require.NoError(t, err)
		archives[i] = string(content)

		t.Setenv("PATH", "")
		again, err := toolchain.Archive(ctx, version, runtime.GOARCH, nil)
		require.NoError(t, err, "must not need the go command any more")
		require.Equal(t, archive, again)
		t.Setenv("PATH", path)
	}
	require.True(t, archives[0] == archives[1], "the same toolchain became different archives")
}

func TestErrors(t *testing.T) {
	t.Setenv(cachedir.EnvVar, t.TempDir())
	ctx := context.Background()
	t.Run("no go command", func(t *testing.T) {
		t.Setenv("PATH", "")
		_, err := toolchain.Archive(ctx, version, "amd64", nil)
		require.EqualError(t, err, `getting the Go toolchain 1.26.8 for linux/amd64: exec: "go": executable file not found in $PATH: `+
			"a Go installation downloads and verifies it; install any version of Go, or use an image")
	})
	t.Run("unknown version", func(t *testing.T) {
		if testing.Short() {
			t.Skip("asks the module proxy")
		}
		_, err := toolchain.Archive(ctx, "1.21.99", "amd64", nil)
		var failed *toolchain.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "1.21.99", failed.Version)
		require.ErrorContains(t, err, "golang.org/toolchain@v0.0.1-go1.21.99.linux-amd64: ")
	})
	t.Run("no proxy", func(t *testing.T) {
		t.Setenv("GOPROXY", "off")
		t.Setenv("GOMODCACHE", t.TempDir())
		_, err := toolchain.Archive(ctx, version, "amd64", nil)
		require.ErrorContains(t, err, "module lookup disabled by GOPROXY=off")
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := toolchain.Archive(ctx, version, "amd64", nil)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// TestBuildsOnAnEmptyRoot unpacks the image and builds with it where nothing
// else is.
func TestBuildsOnAnEmptyRoot(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads a Go toolchain and builds with it")
	}
	if os.Getuid() != 0 {
		t.Skip("changing the root needs root")
	}
	t.Setenv(cachedir.EnvVar, t.TempDir())
	archive, err := toolchain.Archive(context.Background(), version, runtime.GOARCH, nil)
	require.NoError(t, err)
	root := unpack(t, archive)
	require.NoError(t, os.MkdirAll(filepath.Join(root, "dev"), 0o755))
	require.NoError(t, syscall.Mknod(filepath.Join(root, "dev", "null"), syscall.S_IFCHR|0o666, 1<<8|3))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "src"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "src", "go.mod"), []byte("module hello\n\ngo 1.26\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(root, "src", "main.go"), []byte("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n"), 0o644))

	run := func(args ...string) string {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
		cmd.Dir = "/src"
		// Without /proc a program does not know where it lies.
		cmd.Env = []string{"HOME=" + toolchain.HomePath, "GOPATH=" + toolchain.GoPath, "GOROOT=" + toolchain.Root, "CGO_ENABLED=0"}
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
		return string(out)
	}
	run(toolchain.Root+"/bin/go", "build", "-o", "/hello", ".")
	require.Equal(t, "hello\n", run("/hello"))
	require.Contains(t, run(toolchain.Root+"/bin/go", "list", "std", "cmd"), "encoding/json\n", "a package that embeds test data is broken without it")
	require.NoFileExists(t, filepath.Join(root, toolchain.HomePath, ".config", "go", "telemetry", "local"))
}

// unpack lays the layer of an archive into a folder.
func unpack(t *testing.T, archive string) string {
	t.Helper()
	dir, root := t.TempDir(), t.TempDir()
	tar := func(args ...string) string {
		out, err := exec.Command("tar", args...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	tar("-C", dir, "-xf", archive)
	members := strings.Fields(tar("-tf", archive))
	tar("-C", root, "-xf", filepath.Join(dir, members[len(members)-1]))
	return root
}
