package shim_test

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// BenchmarkRoundTrip compares 64 bytes there and back through a binding with
// the same inside the service's container.
func BenchmarkRoundTrip(b *testing.B) {
	benchmarkService(b, "latency", func(n int) int { return n })
}

// BenchmarkConnection compares connecting, 12 bytes there and back, and closing.
func BenchmarkConnection(b *testing.B) {
	benchmarkService(b, "connections", func(n int) int { return n })
}

// BenchmarkStream compares how fast bytes go there and back at the same time.
func BenchmarkStream(b *testing.B) {
	const block = 1 << 20
	b.SetBytes(block)
	benchmarkService(b, "throughput", func(n int) int { return n * block })
}

func benchmarkService(b *testing.B, role string, amount func(n int) int) {
	needsNetworks(b)
	for _, place := range []string{"inside", "bound"} {
		b.Run(place, func(b *testing.B) {
			net := meeting(b)
			spec := listen(port)
			command := []string{helper, at("127.0.0.1")}
			env := append(os.Environ(), protocol.ServiceVariable+"="+net+"/one", variable+"="+net+"/one")
			server := exec.Command("unshare", append([]string{"--net", "sh", "-c", `ip link set lo up; exec "$@"`, "sh", program},
				protocol.ServeArgs(spec, command...)[1:]...)...)
			server.Dir, server.Env = b.TempDir(), append(env, roleVariable+"=echo")
			out, err := server.StdoutPipe()
			require.NoError(b, err)
			require.NoError(b, server.Start())
			defer server.Wait()
			defer server.Process.Signal(syscall.SIGTERM)
			_, err = out.Read(make([]byte, 64)) // it listens
			require.NoError(b, err)

			where := []string{"nsenter", "--target", strconv.Itoa(server.Process.Pid), "--net", helper, at("127.0.0.1")}
			if place == "bound" {
				where = append([]string{"unshare", "--net", "sh", "-c", `ip link set lo up; exec "$@"`, "sh", program},
					protocol.ExecArgs(bound(port), helper, at(clientAt))[1:]...)
			}
			client := exec.Command(where[0], append(where[1:], strconv.Itoa(amount(b.N)))...)
			client.Dir, client.Env = b.TempDir(), append(env, roleVariable+"="+role)
			require.NoError(b, os.MkdirAll(client.Dir+"/.bodkin/"+protocol.OutName, 0o755))
			var stdout, stderr bytes.Buffer
			client.Stdout, client.Stderr = &stdout, &stderr
			require.NoError(b, client.Run(), &stderr)
			spent, err := strconv.ParseFloat(strings.TrimSpace(stdout.String()), 64)
			require.NoError(b, err)
			// The client's own clock: without starting it.
			b.ReportMetric(spent/float64(b.N), "ns/op")
		})
	}
}
