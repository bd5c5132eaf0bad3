package shim_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the shim")
	}
	t.Setenv(cachedir.EnvVar, t.TempDir())
	ctx := context.Background()
	path, digest, err := shim.Build(ctx, "", log.New(io.Discard))
	require.NoError(t, err)
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", digest)

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(3_500_000), "every exec maps it")
	out, err := exec.Command(path, "--version").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "bodkin-shim (go1.")

	again, sameDigest, err := shim.Build(ctx, "", nil)
	require.NoError(t, err)
	require.Equal(t, path, again)
	require.Equal(t, digest, sameDigest)
}

// program is the shim with its root below the working folder, compiled once;
// helper is these tests' own program, which plays servers and clients.
var program, helper string

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role, os.Args[1:])
		return
	}
	// Commands inherit which signals are ignored, as nohup does with SIGHUP, but
	// not which are handled.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "shim-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		program, helper = filepath.Join(dir, "shim"), filepath.Join(dir, "helper")
		if err := copyHelper(dir); err != nil {
			panic(err)
		}
		build := exec.Command("go", "build", "-o", program, "-ldflags", "-X main.root=.bodkin", "./cmd/shim")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			panic(string(out))
		}
		return m.Run()
	}())
}

// container is a folder in which the shim runs as it does in an exec.
type container struct {
	t   *testing.T
	dir string
	// env is the command's environment, default PATH alone.
	env []string
	// wrap is put before the shim, default nothing.
	wrap []string
}

// result is what an exec left.
type result struct {
	status         int
	stdout, stderr string // the shim's own
	kept           map[string]string
}

func newContainer(t *testing.T) *container {
	t.Helper()
	c := &container{t: t, dir: t.TempDir(), env: []string{"PATH=" + os.Getenv("PATH")}}
	for _, dir := range []string{protocol.BinName, protocol.OutName} {
		require.NoError(t, os.MkdirAll(filepath.Join(c.dir, ".bodkin", dir), 0o755))
	}
	return c
}

func (c *container) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

func (c *container) write(name, content string) {
	c.t.Helper()
	require.NoError(c.t, os.WriteFile(c.path(name), []byte(content), 0o755))
}

func (c *container) read(name string) string {
	c.t.Helper()
	content, err := os.ReadFile(c.path(name))
	require.NoError(c.t, err)
	return string(content)
}

// host is what the engine says of the host.
func (c *container) host(h protocol.Host) {
	c.env = slices.DeleteFunc(c.env, func(entry string) bool { return strings.HasPrefix(entry, protocol.HostVariable+"=") })
	c.env = append(c.env, protocol.HostVariable+"="+string(protocol.EncodeHost(h)))
}

func (c *container) command(spec protocol.Spec, command ...string) *exec.Cmd {
	args := append([]string{}, c.wrap...)
	args = append(append(args, program), protocol.ExecArgs(spec, command...)[1:]...)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = c.dir, c.env
	return cmd
}

func (c *container) run(spec protocol.Spec, command ...string) result {
	c.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := c.command(spec, command...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, failed := err.(*exec.ExitError); !failed {
		require.NoError(c.t, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), c.kept()}
}

func (c *container) sh(script string) result {
	c.t.Helper()
	return c.run(protocol.Spec{}, "/bin/sh", "-c", script)
}

// kept returns the files that the exec left.
func (c *container) kept() map[string]string {
	files := map[string]string{}
	entries, err := os.ReadDir(c.path(".bodkin", protocol.OutName))
	require.NoError(c.t, err)
	for _, entry := range entries {
		files[entry.Name()] = c.read(filepath.Join(".bodkin", protocol.OutName, entry.Name()))
	}
	return files
}

// namespaced makes the shim PID 1 of a container, as it is in an exec.
func (c *container) namespaced() *container {
	c.t.Helper()
	if os.Getuid() != 0 {
		c.t.Skip("namespaces need root")
	}
	if err := exec.Command("unshare", "--pid", "--fork", "--mount", "true").Run(); err != nil {
		c.t.Skipf("namespaces cannot be made here: %v", err)
	}
	c.wrap = []string{"unshare", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child"}
	return c
}

func lines(s ...string) string { return strings.Join(s, "\n") + "\n" }
