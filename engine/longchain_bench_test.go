package engine_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// BenchmarkLongExecChain: chains of up to 1,000 execs, none of them cached, in one
// evaluation: what an exec takes, and how many bytes go to the daemon for it. Neither
// should grow with the chain.
func BenchmarkLongExecChain(b *testing.B) {
	for _, length := range []int{250, 500, 1000} {
		b.Run(fmt.Sprint(length), func(b *testing.B) {
			address, sent := countSent(b, enginetest.Address(b))
			c, err := engine.Connect(b.Context(), engine.WithAddress(address))
			require.NoError(b, err)
			defer c.Close()
			base := c.Container().WithFile("/box", c.Host().File(enginetest.Testbox(b)))
			_, err = base.WithExec([]string{"/box", "true"}).Sync(b.Context())
			require.NoError(b, err)
			sent.Store(0)
			for b.Loop() {
				ctr := base.WithEnvVariable("N", unique())
				for i := range length {
					ctr = ctr.WithExec([]string{"/box", "true", fmt.Sprint(i)})
				}
				_, err := ctr.Sync(b.Context())
				require.NoError(b, err)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(length), "ms/exec")
			b.ReportMetric(float64(sent.Load())/1024/float64(b.N)/float64(length), "KiB-sent/exec")
		})
	}
}

// countSent stands before a daemon and counts what it is sent.
func countSent(b *testing.B, address string) (string, *atomic.Int64) {
	b.Helper()
	network, at, ok := strings.Cut(address, "://")
	require.True(b, ok, address)
	socket := filepath.Join(b.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(b, err)
	b.Cleanup(func() { _ = listener.Close() })
	var sent atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				daemon, err := net.Dial(network, at)
				if err != nil {
					return
				}
				defer daemon.Close()
				go func() { _, _ = io.Copy(conn, daemon) }()
				_, _ = io.Copy(countingWriter{daemon, &sent}, conn)
			}()
		}
	}()
	return "unix://" + socket, &sent
}

// countingWriter counts what goes through it.
type countingWriter struct {
	io.Writer
	n *atomic.Int64
}

func (w countingWriter) Write(p []byte) (int, error) {
	w.n.Add(int64(len(p)))
	return w.Writer.Write(p)
}
