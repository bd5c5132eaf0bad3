package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/hostroot"
)

func benchmarkClient(b *testing.B) *dagger.Client {
	b.Helper()
	if testing.Short() {
		b.Skip("needs an engine and the network")
	}
	if os.Getuid() != 0 {
		b.Skip("needs root")
	}
	c, err := engine.Connect(b.Context(), engine.WithAddress(os.Getenv("BODKIN_TEST_ENGINE")))
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// exported is the container that the service is made of, data folder included, as
// a root file system of the host.
func exported(b *testing.B, p *Postgres) *hostroot.Root {
	b.Helper()
	base, err := p.base(b.Context())
	require.NoError(b, err)
	dir := filepath.Join(b.TempDir(), "root")
	_, err = p.initialized(base).Rootfs().Export(b.Context(), dir)
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(filepath.Join(dir, "password"), []byte(defaultPassword), 0o644))
	root, err := hostroot.New(dir, 999, ownPath)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, root.Close()) })
	return root
}

// onHost are variables as the container has them.
var onHost = []string{
	"PATH=/usr/lib/postgresql/" + DefaultVersion + "/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG=C.UTF-8", "PGHOST=" + socketPath, "PGSEED=" + seedPath, "PGDATA=" + dataPath + "/data",
}

// newOnHost makes a data folder with the same script as in a container, and
// returns the variables of a server on it.
func newOnHost(b *testing.B, root *hostroot.Root, p *Postgres) []string {
	b.Helper()
	env := append(slices.Clone(onHost), "PGSEED="+dataPath+"/seed")
	out, err := root.Command(env, initPath, p.opts.User, p.opts.Database, defaultPassword).CombinedOutput()
	require.NoError(b, err, "%s", out)
	return env
}

// startOnHost starts the server with the same scripts as in a container, and
// returns once it has answered a query.
func startOnHost(b *testing.B, root *hostroot.Root, p *Postgres, env []string) (stop func()) {
	b.Helper()
	server := root.Command(env, append([]string{startPath, p.opts.User, keepPassword}, p.arguments()...)...)
	require.NoError(b, server.Start())
	var out []byte
	for patience := time.Now().Add(time.Minute); ; {
		check := root.Command(env, readyPath, p.opts.User, p.opts.Database, "/password")
		var err error
		if out, err = check.CombinedOutput(); err == nil {
			break
		}
		require.True(b, time.Now().Before(patience), "%s", out)
		time.Sleep(time.Millisecond)
	}
	return func() {
		require.NoError(b, server.Process.Signal(syscall.SIGTERM))
		_ = server.Wait()
	}
}

// needsPort skips where the host has something on PostgreSQL's port: the server
// on the host uses the same set-up, port included.
func needsPort(b *testing.B) {
	b.Helper()
	out, _ := exec.Command("sh", "-c", "cat /proc/net/tcp /proc/net/tcp6").Output()
	if regexp.MustCompile(fmt.Sprintf(`:%04X \S+ 0A `, Port)).Match(out) {
		b.Skipf("port %d of this machine is taken", Port)
	}
}

// BenchmarkStart: from the start of the service to the first answered query,
// against the same files started on the host in the same way, and against a
// host that makes them with initdb first, in turn.
func BenchmarkStart(b *testing.B) {
	needsPort(b)
	p := New(benchmarkClient(b), Options{})
	root := exported(b, p)
	service, err := p.Service(b.Context())
	require.NoError(b, err)
	var ours, host, fresh time.Duration
	for b.Loop() {
		start := time.Now()
		_, err := service.Start(b.Context())
		ours += time.Since(start)
		require.NoError(b, err)
		_, err = service.Stop(b.Context())
		require.NoError(b, err)

		for _, peer := range []struct {
			took *time.Duration
			env  func() []string
		}{
			{&host, func() []string { return onHost }},
			{&fresh, func() []string { return newOnHost(b, root, p) }},
		} {
			require.NoError(b, root.Memory(dataPath))
			start = time.Now()
			stop := startOnHost(b, root, p, peer.env())
			*peer.took += time.Since(start)
			stop()
			require.NoError(b, root.Unmount())
		}
	}
	b.ReportMetric(milliseconds(ours, b.N), "ms")
	b.ReportMetric(milliseconds(host, b.N), "host-ms")
	b.ReportMetric(float64(ours)/float64(host), "ratio")
	b.ReportMetric(milliseconds(fresh, b.N), "initdb-ms")
	b.ReportMetric(float64(ours)/float64(fresh), "initdb-ratio")
	b.ReportMetric(0, "ns/op")
}

func milliseconds(d time.Duration, n int) float64 {
	return float64(d.Microseconds()) / 1000 / float64(n)
}

// pgbench prints how long queries take, one after the other, over one connection.
const pgbench = `echo 'select 1;' > /tmp/query.sql
pgbench -n -c 1 -T 2 -M simple -f /tmp/query.sql`

var latency = regexp.MustCompile(`latency average = ([\d.]+) ms`)

// BenchmarkRoundTrip: a query through the binding, against the same query inside
// the server's own container, in turn. Times are PostgreSQL's own (pgbench).
func BenchmarkRoundTrip(b *testing.B) {
	p := New(benchmarkClient(b), Options{})
	bound, err := p.Client(b.Context())
	require.NoError(b, err)
	base, err := p.base(b.Context())
	require.NoError(b, err)
	inside := p.initialized(base).
		WithMountedTemp(dataPath).
		WithEnvVariable("PGDATA", dataPath+"/data").
		WithEnvVariable("PGPASSWORD", defaultPassword)
	within := startPath + " " + p.opts.User + " " + keepPassword + " " + strings.Join(p.arguments(), " ") + ` > /dev/null 2>&1 &
server=$!
until psql -h 127.0.0.1 -U postgres -c 'select 1' > /dev/null 2>&1; do sleep 0.01; done
export PGHOST=127.0.0.1 PGUSER=postgres PGDATABASE=postgres
` + pgbench + "\nkill $server; wait"
	var through, local float64
	for i := 0; b.Loop(); i++ {
		through += measured(b, bound.WithMountedTemp("/tmp"), pgbench, i)
		local += measured(b, inside, within, i)
	}
	b.ReportMetric(through*1000/float64(b.N), "us")
	b.ReportMetric(local*1000/float64(b.N), "inside-us")
	b.ReportMetric(through/local, "ratio")
	b.ReportMetric(0, "ns/op")
}

// measured runs pgbench in a container and returns its average in ms.
func measured(b *testing.B, ctr *dagger.Container, script string, i int) float64 {
	b.Helper()
	out, err := ctr.WithEnvVariable("ROUND", fmt.Sprint(i, time.Now())).WithExec([]string{"sh", "-c", script}).Stdout(b.Context())
	require.NoError(b, err)
	found := latency.FindStringSubmatch(out)
	require.NotNil(b, found, out)
	average, err := strconv.ParseFloat(found[1], 64)
	require.NoError(b, err)
	return average
}

// BenchmarkParallel: 20 execs side by side that share one server, each with one
// query, against as many that only start psql.
func BenchmarkParallel(b *testing.B) {
	p := New(benchmarkClient(b), Options{})
	ctr, err := p.Client(b.Context())
	require.NoError(b, err)
	base, err := p.base(b.Context())
	require.NoError(b, err)
	all := func(ctr *dagger.Container, args ...string) time.Duration {
		group, ctx := errgroup.WithContext(b.Context())
		round := time.Now()
		for i := range 20 {
			group.Go(func() error { return once(ctx, ctr, fmt.Sprint(i, round), args) })
		}
		require.NoError(b, group.Wait())
		return time.Since(round)
	}
	require.NoError(b, once(b.Context(), ctr, time.Now().String(), []string{"psql", "-c", "select 1"}))
	var ours, alone time.Duration
	for b.Loop() {
		ours += all(ctr, "psql", "-c", "select 1")
		alone += all(base, "psql", "--version")
	}
	b.ReportMetric(milliseconds(ours, b.N), "ms")
	b.ReportMetric(milliseconds(alone, b.N), "without-server-ms")
	b.ReportMetric(float64(ours)/float64(alone), "ratio")
	b.ReportMetric(0, "ns/op")
}

func once(ctx context.Context, ctr *dagger.Container, round string, args []string) error {
	_, err := ctr.WithEnvVariable("ROUND", round).WithExec(args).Sync(ctx)
	return err
}
