package shim_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// BenchmarkTrue compares what the shortest command takes with and without the
// shim.
func BenchmarkTrue(b *testing.B) {
	benchmark(b, 0, "true")
}

// BenchmarkOutput compares how fast output is kept with head, which only drops
// it.
func BenchmarkOutput(b *testing.B) {
	benchmark(b, 100<<20, "head", "-c", "104857600", "/dev/zero")
}

func benchmark(b *testing.B, size int64, command ...string) {
	for name, args := range map[string][]string{
		"bare": command,
		"shim": append([]string{program}, protocol.ExecArgs(protocol.Spec{}, command...)[1:]...),
	} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			if err := os.MkdirAll(dir+"/.bodkin/"+protocol.OutName, 0o755); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(size)
			for b.Loop() {
				cmd := exec.Command(args[0], args[1:]...)
				cmd.Dir = dir
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
