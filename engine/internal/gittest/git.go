// Package gittest gives tests git repositories and real servers of them: New makes
// a folder of repositories, which the git program of the engine's root serves.
package gittest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// served is where the folder of repositories is for the git program.
const served = "/var/lib/buildkit"

// Git is the git program with a folder of repositories.
type Git struct {
	// Dir is the folder on this machine.
	Dir string

	root, box, top string
}

// New returns an empty folder of repositories and the program for it. It needs what
// the embedded engine needs.
func New(t testing.TB) *Git {
	t.Helper()
	enginetest.Needs(t)
	_, root, err := embedded.Parts(context.Background(), log.New(os.Stderr))
	require.NoError(t, err)
	return &Git{Dir: t.TempDir(), root: root, box: enginetest.Testbox(t), top: t.TempDir()}
}

// command describes a run of git.
func (g *Git) command(ctx context.Context, args ...string) *exec.Cmd {
	args = append([]string{"enter", g.root, g.box, g.Dir, g.top, "--", "/usr/bin/git"}, args...)
	cmd := exec.CommandContext(ctx, g.box, args...)
	cmd.Env = []string{"PATH=/usr/bin", "HOME=/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	return cmd
}

// Run runs git in a folder below Dir and returns what it has printed.
func (g *Git) Run(t testing.TB, folder string, args ...string) string {
	t.Helper()
	cmd := g.command(t.Context(), append([]string{"-c", "safe.directory=*", "-C", filepath.Join(served, folder)}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return string(out)
}
