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

// interactively runs ci at a terminal, on a module with these files, while script
// sits there, and expects that a step fails.
func interactively(t *testing.T, command string, files map[string]string, script func(*ptytest.Screen)) {
	t.Helper()
	needsEmbedded(t)
	source := t.TempDir()
	files["go.mod"] = "module example.com/broken\n\ngo 1.26\n"
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(source, name), []byte(text), 0o600))
	}
	screen := ptytest.New(t)
	before := screen.State()
	ci := exec.CommandContext(t.Context(), compile(t, "./ci"), command, "--source", source, "--output", t.TempDir(), "--interactive")
	ci.Dir = repository(t)
	ci.Env = append(os.Environ(), "CI=", "TERM=xterm")
	ci.Stdin, ci.Stdout, ci.Stderr = screen.TTY, screen.TTY, screen.TTY
	ci.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, ci.Start())
	script(screen)
	screen.Expect("FAILED " + command)
	var exit *exec.ExitError
	require.True(t, errors.As(ci.Wait(), &exit))
	require.Equal(t, 1, exit.ExitCode())
	require.Equal(t, before, screen.State())
}

// The toolchain's container has no shell of its own.
func TestInteractiveBuild(t *testing.T) {
	interactively(t, "build", map[string]string{"main.go": "package main\n\nfunc main() { missing() }\n"}, func(s *ptytest.Screen) {
		s.Expect("--- failed with exit code 1: go build")
		s.Expect("undefined: missing")
		s.Expect("# ")
		s.Type("wc -l main.go; go version; exit\r")
		s.Expect("3 main.go\r\n")
		s.Expect("go version go1.")
	})
}

func TestInteractiveTest(t *testing.T) {
	const test = `package broken

import (
	"os"
	"testing"
)

func TestBroken(t *testing.T) {
	if err := os.WriteFile("left", []byte("behind\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Fatal("no luck")
}
`
	interactively(t, "test", map[string]string{"broken_test.go": test}, func(s *ptytest.Screen) {
		s.Expect("no luck")
		s.Expect("--- a shell in a container")
		s.Expect("# ")
		s.Type("cat left; exit\r")
		s.Expect("behind\r\n")
	})
}
