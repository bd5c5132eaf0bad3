package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/hostroot"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

// BenchmarkCachedTest: tests in which nothing changed, as a whole process. The
// aim is 0.5 s.
func BenchmarkCachedTest(b *testing.B) {
	needsEmbedded(b)
	ci, dist, source := compile(b, "./ci"), b.TempDir(), goAPI(b)
	run(b, repository(b), ci, "test", "--source", source, "--output", dist)
	for b.Loop() {
		run(b, repository(b), ci, "test", "--source", source, "--output", dist)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkTestEdit: the tests of examples/go-api after an edit of one line, by
// the whole ci program, which starts a database, and by plain `go test` on this
// machine with the same PostgreSQL running there, in turn.
func BenchmarkTestEdit(b *testing.B) {
	needsEmbedded(b)
	ci, dist, source := compile(b, "./ci"), b.TempDir(), goAPI(b)
	address := hostPostgres(b)
	test := func() {
		run(b, repository(b), ci, "test", "--source", source, "--output", dist)
	}
	plain := func() {
		run(b, source, "env", "CGO_ENABLED=0", "DATABASE_URL="+address, "go", "test", "./...")
	}
	test()
	plain()
	var ours, peer time.Duration
	for round := 0; b.Loop(); round++ {
		editLine(b, source, fmt.Sprint("plain ", round))
		peer += timeOf(plain)
		editLine(b, source, fmt.Sprint("ours ", round))
		ours += timeOf(test)
	}
	b.ReportMetric(float64(ours.Milliseconds())/float64(b.N), "ms")
	b.ReportMetric(float64(peer.Milliseconds())/float64(b.N), "go-test-ms")
	b.ReportMetric(float64(ours)/float64(peer), "ratio")
	b.ReportMetric(0, "ns/op")
}

// hostPostgres runs the PostgreSQL that services have on the host itself, with
// the same settings, and returns its address.
func hostPostgres(b *testing.B) (address string) {
	b.Helper()
	dag, err := engine.Connect(b.Context())
	require.NoError(b, err)
	defer func() { require.NoError(b, dag.Close()) }()
	client, err := postgres.New(dag, postgres.Options{}).Client(b.Context())
	require.NoError(b, err)
	dir := filepath.Join(b.TempDir(), "root")
	_, err = client.Rootfs().Export(b.Context(), dir)
	require.NoError(b, err)
	root, err := hostroot.New(dir, 999)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, root.Close()) })
	require.NoError(b, root.Memory("pgdata"))

	bin := "/usr/lib/postgresql/" + postgres.DefaultVersion + "/bin/"
	env := []string{"PATH=/usr/bin", "LANG=C.UTF-8"}
	out, err := root.Command(env, bin+"initdb", "-D", "/pgdata/data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync").CombinedOutput()
	require.NoError(b, err, "%s", out)
	port := freePort(b)
	args := []string{bin + "postgres", "-D", "/pgdata/data", "-c", "listen_addresses=127.0.0.1", "-c", "port=" + port, "-c", "unix_socket_directories=/tmp", "-c", "log_min_messages=fatal"}
	for name, value := range postgres.TestSettings() {
		args = append(args, "-c", name+"="+value)
	}
	server := root.Command(env, args...)
	server.Stderr = os.Stderr
	require.NoError(b, server.Start())
	b.Cleanup(func() { stopServer(b, server) })
	require.Eventually(b, func() bool {
		return root.Command(env, bin+"psql", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-c", "select 1").Run() == nil
	}, time.Minute, 10*time.Millisecond)
	return "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
}

func stopServer(b *testing.B, server *exec.Cmd) {
	require.NoError(b, server.Process.Signal(syscall.SIGINT))
	_ = server.Wait()
}

// freePort is a port of the host that nobody listens on.
func freePort(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(b, err)
	return port
}
