package engine_test

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

func benchBox(b *testing.B, c *dagger.Client) *dagger.Container {
	return c.Container().WithFile(boxPath, c.Host().File(enginetest.Testbox(b)))
}

func echoService(b *testing.B, c *dagger.Client) *dagger.Service {
	return benchBox(b, c).WithEnvVariable("BENCH", unique()).WithExposedPort(keeperPort).
		AsService(dagger.ContainerAsServiceOpts{Args: box("echo-server", "127.0.0.1:8080")})
}

// BenchmarkServiceRoundTrip: 64 bytes there and back through a binding, against
// the same inside the service's own container, by the client's clock.
func BenchmarkServiceRoundTrip(b *testing.B) {
	const rounds = "20000"
	c := enginetest.Connect(b)
	bound := benchBox(b, c).WithServiceBinding("echo", echoService(b, c))
	var through, inside float64
	for b.Loop() {
		through += printed(b, bound, box("rounds", "echo:8080", rounds))
		inside += printed(b, benchBox(b, c), box("spawn", "echo-server", "127.0.0.1:8080", ";", "rounds", "127.0.0.1:8080", rounds))
	}
	b.ReportMetric(through/float64(b.N)/1000, "us")
	b.ReportMetric(inside/float64(b.N)/1000, "inside-us")
	b.ReportMetric(through/inside, "ratio")
	b.ReportMetric(0, "ns/op")
}

// printed runs a command that is not cached and returns the number that it writes.
func printed(b *testing.B, ctr *dagger.Container, args []string) float64 {
	b.Helper()
	out, err := ctr.WithEnvVariable("ROUND", unique()).WithExec(args).Stdout(b.Context())
	require.NoError(b, err)
	number, err := strconv.ParseFloat(strings.TrimSpace(out), 64)
	require.NoError(b, err)
	return number
}

// BenchmarkServiceStart: from start to ready, against an exec that does nothing.
func BenchmarkServiceStart(b *testing.B) {
	c := enginetest.Connect(b)
	_, err := echoService(b, c).Start(b.Context())
	require.NoError(b, err)
	peers(b, 1, func(int) func() {
		svc := echoService(b, c)
		return func() {
			_, err := svc.Start(b.Context())
			require.NoError(b, err)
		}
	}, func(int) func() {
		ctr := benchBox(b, c).WithEnvVariable("BENCH", unique()).WithExec(box("true"))
		return func() {
			_, err := ctr.Sync(b.Context())
			require.NoError(b, err)
		}
	})
}

// BenchmarkTunnelRoundTrip: 64 bytes from this machine to a service and back, and
// a connection of its own for the same.
func BenchmarkTunnelRoundTrip(b *testing.B) {
	c := enginetest.Connect(b)
	tunnel, err := c.Host().Tunnel(echoService(b, c)).Start(b.Context())
	require.NoError(b, err)
	endpoint, err := tunnel.Endpoint(b.Context())
	require.NoError(b, err)
	conn, err := net.Dial("tcp", endpoint)
	require.NoError(b, err)
	defer conn.Close()
	round := func(conn net.Conn) {
		message := make([]byte, 64)
		_, err := conn.Write(message)
		require.NoError(b, err)
		_, err = io.ReadFull(conn, message)
		require.NoError(b, err)
	}
	round(conn)
	var connecting time.Duration
	n := 0
	for b.Loop() {
		round(conn)
		if n++; n > 200 {
			continue
		}
		b.StopTimer()
		connecting += timeOf(func() {
			another, err := net.Dial("tcp", endpoint)
			require.NoError(b, err)
			round(another)
			require.NoError(b, another.Close())
		})
		b.StartTimer()
	}
	b.ReportMetric(float64(connecting.Microseconds())/float64(min(n, 200)), "connect-us")
}
