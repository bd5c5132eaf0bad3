package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/ptytest"
)

// TestInteractive sits at ci's terminal when a step fails: the toolchain's
// container has no shell of its own.
func TestInteractive(t *testing.T) {
	needsEmbedded(t)
	source := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/broken\n\ngo 1.26\n",
		"main.go": "package main\n\nfunc main() { missing() }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(source, name), []byte(text), 0o600))
	}
	screen := ptytest.New(t)
	before := screen.State()
	ci := exec.Command(compile(t, "./ci"), "build", "--source", source, "--output", t.TempDir(), "--interactive")
	ci.Dir = repository(t)
	ci.Env = append(os.Environ(), "CI=", "TERM=xterm")
	ci.Stdin, ci.Stdout, ci.Stderr = screen.TTY, screen.TTY, screen.TTY
	ci.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, ci.Start())
	screen.Expect("--- failed with exit code 1: go build")
	screen.Expect("undefined: missing")
	screen.Expect("# ")
	screen.Type("wc -l main.go; go version; exit\r")
	screen.Expect("3 main.go\r\n")
	screen.Expect("go version go1.")
	screen.Expect("FAILED")
	var exit *exec.ExitError
	require.True(t, errors.As(ci.Wait(), &exit))
	require.Equal(t, 1, exit.ExitCode())
	require.Equal(t, before, screen.State())
}
