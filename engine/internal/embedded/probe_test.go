package embedded_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/util/entitlements"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/internal/gobuild"
)

// start leases a daemon in dir until the test ends, and then makes sure that it
// has gone.
func start(t testing.TB, dir string) *embedded.Daemon {
	t.Helper()
	enginetest.Needs(t)
	t.Cleanup(func() { require.NoError(t, embedded.Stop(context.Background(), dir)) })
	d, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func status(t testing.TB, dir string) *embedded.State {
	t.Helper()
	s, err := embedded.Status(context.Background(), dir)
	require.NoError(t, err)
	return s
}

// probe is a root with nothing but the probe program in it.
func probe(t testing.TB) (root llb.State, mounts map[string]fsutil.FS) {
	t.Helper()
	bin, err := gobuild.Build(context.Background(), gobuild.Program{Name: "probe", Files: os.DirFS("testdata/probe")})
	require.NoError(t, err)
	dir, err := fsutil.NewFS(filepath.Dir(bin))
	require.NoError(t, err)
	name := filepath.Base(bin)
	local := llb.Local("bin", llb.IncludePatterns([]string{name}), llb.SharedKeyHint("probe"))
	return llb.Scratch().File(llb.Copy(local, name, "/probe")), map[string]fsutil.FS{"bin": dir}
}

// step runs the probe and returns the folder it may write /out/result to.
func step(root llb.State, args []string, opts ...llb.RunOption) llb.State {
	return root.Run(append(opts, llb.Args(append([]string{"/probe"}, args...)))...).AddMount("/out", llb.Scratch())
}

// solve runs what st describes and returns its file "result", "" where it wrote
// none.
func solve(ctx context.Context, t testing.TB, address string, st llb.State, mounts map[string]fsutil.FS) (string, error) {
	t.Helper()
	c, err := client.New(ctx, address)
	require.NoError(t, err)
	defer c.Close()
	def, err := st.Marshal(ctx)
	require.NoError(t, err)
	out := t.TempDir()
	_, err = c.Solve(ctx, def, client.SolveOpt{
		LocalMounts:         mounts,
		Exports:             []client.ExportEntry{{Type: client.ExporterLocal, OutputDir: out}},
		AllowedEntitlements: []string{entitlements.EntitlementNetworkHost.String(), entitlements.EntitlementSecurityInsecure.String()},
	}, nil)
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(out, "result"))
	if os.IsNotExist(err) {
		err = nil
	}
	return string(data), err
}

// run is solve for a single step that is not cached.
func run(t testing.TB, address string, args []string, opts ...llb.RunOption) (string, error) {
	t.Helper()
	root, mounts := probe(t)
	return solve(context.Background(), t, address, step(root, args, append(opts, llb.IgnoreCache)...), mounts)
}

// listen says hello to whoever connects to ip, and reports each connection.
func listen(t testing.TB, ip string) (address string, connected <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp4", net.JoinHostPort(ip, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	came := make(chan struct{}, 16)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			came <- struct{}{}
			_, _ = conn.Write([]byte("hello"))
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}()
	return l.Addr().String(), came
}

// outsideIP is an address of this host that is not its loopback.
func outsideIP(t testing.TB) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	t.Skip("this host has no address besides its loopback")
	return ""
}
