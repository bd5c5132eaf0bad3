package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// compiled builds the program as users would and returns its path.
func compiled(b *testing.B) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "ci")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(b, err, "%s", out)
	return program
}

func runCI(b *testing.B, program string, args ...string) {
	b.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = ".." // where examples/ is
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
}

// BenchmarkStart is a process that only prints its help: what starting costs.
func BenchmarkStart(b *testing.B) {
	program := compiled(b)
	for b.Loop() {
		runCI(b, program, "build", "--help")
	}
}

// BenchmarkCached is a whole process that finds everything in the cache of an
// engine that runs already. The aim is 0.3 s for build.
func BenchmarkCached(b *testing.B) {
	if testing.Short() {
		b.Skip("builds in containers")
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		b.Skip("the embedded engine needs root on Linux")
	}
	program := compiled(b)
	for _, command := range []string{"build", "package"} {
		b.Run(command, func(b *testing.B) {
			output := b.TempDir()
			runCI(b, program, command, "--output", output)
			for b.Loop() {
				runCI(b, program, command, "--output", output)
			}
		})
	}
}
