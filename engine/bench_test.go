package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// prepare gets ready for a round and returns what is timed.
type prepare func(round int) (timed func())

// other is a further peer.
type other struct {
	name string
	prepare
	time time.Duration
}

// peers runs ours, plain and others in turn and reports the time of each and the
// ratios: all see the same machine in the same minute. Times are per unit.
func peers(b *testing.B, unit float64, ours, plain prepare, others ...*other) {
	var oursTime, plainTime time.Duration
	for round := 0; b.Loop(); round++ {
		plainTime += timeOf(plain(round))
		oursTime += timeOf(ours(round))
		for _, o := range others {
			o.time += timeOf(o.prepare(round))
		}
	}
	per := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) / unit }
	b.ReportMetric(per(oursTime), "ms")
	b.ReportMetric(per(plainTime), "plain-ms")
	b.ReportMetric(float64(oursTime)/float64(plainTime), "ratio")
	for _, o := range others {
		b.ReportMetric(per(o.time), o.name+"-ms")
		b.ReportMetric(float64(oursTime)/float64(o.time), o.name+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

func timeOf(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// solve runs a state on a plain BuildKit client.
func solve(b *testing.B, bk *client.Client, st llb.State, dirs map[string]fsutil.FS) {
	def, err := st.Marshal(b.Context())
	require.NoError(b, err)
	_, err = bk.Solve(b.Context(), def, client.SolveOpt{LocalMounts: dirs}, nil)
	require.NoError(b, err)
}

// BenchmarkExecChain: 20 execs one after another, none of them cached, against
// a plain BuildKit client that does the same on the same daemon, and on one as
// BuildKit comes, with runc and on the host's network. Milliseconds are per exec.
func BenchmarkExecChain(b *testing.B) {
	const length = 20
	c, bk := benchClients(b)
	box := filepath.Clean(enginetest.Testbox(b))
	dir, err := fsutil.NewFS(filepath.Dir(box))
	require.NoError(b, err)
	base := c.Container().WithFile("/box", c.Host().File(box))
	plainBase := llb.Scratch().File(llb.Copy(llb.Local("box", llb.IncludePatterns([]string{filepath.Base(box)})), filepath.Base(box), "/box"))
	_, err = base.WithExec([]string{"/box", "true"}).Sync(b.Context())
	require.NoError(b, err)
	solve(b, bk, plainBase.Run(llb.Args([]string{"/box", "true"})).Root(), map[string]fsutil.FS{"box": dir})

	daemon, err := enginetest.StartPlain(b.Context())
	require.NoError(b, err)
	defer daemon.Close()
	stock, err := client.New(b.Context(), daemon.Address)
	require.NoError(b, err)
	defer stock.Close()
	tag := strconv.FormatInt(time.Now().UnixNano(), 36)
	on := func(bk *client.Client) prepare {
		return func(round int) func() {
			return func() {
				st := plainBase
				for i := range length {
					st = st.Run(llb.Args([]string{"/box", "true", "plain", tag, fmt.Sprint(round, i)})).Root()
				}
				solve(b, bk, st, map[string]fsutil.FS{"box": dir})
			}
		}
	}
	on(stock)(-1)()
	peers(b, length, func(round int) func() {
		return func() {
			ctr := base
			for i := range length {
				ctr = ctr.WithExec([]string{"/box", "true", "ours", tag, fmt.Sprint(round, i)})
			}
			_, err := ctr.Sync(b.Context())
			require.NoError(b, err)
		}
	}, on(bk), &other{name: "runc", prepare: on(stock)})
}

// BenchmarkUpload: a tree of 10,000 files, sent for the first time and again
// after an edit of one file, against a plain BuildKit client.
func BenchmarkUpload(b *testing.B) {
	b.Run("first", func(b *testing.B) {
		_, bk := benchClients(b)
		peers(b, 1, func(round int) func() {
			tree := newTree(b, "ours", round)
			return func() { upload(b, tree) }
		}, func(round int) func() {
			tree := newTree(b, "plain", round)
			return func() { plainUpload(b, bk, tree) }
		})
	})
	b.Run("edit", func(b *testing.B) {
		_, bk := benchClients(b)
		ours, plain := newTree(b, "ours", -1), newTree(b, "plain", -1)
		upload(b, ours)
		plainUpload(b, bk, plain)
		peers(b, 1, func(round int) func() {
			edit(b, ours, round)
			return func() { upload(b, ours) }
		}, func(round int) func() {
			edit(b, plain, round)
			return func() { plainUpload(b, bk, plain) }
		})
	})
}

// upload loads a folder in a session of its own, as each run of a pipeline does.
func upload(b *testing.B, dir string) {
	c := enginetest.Connect(b)
	_, err := c.Host().Directory(dir).Sync(b.Context())
	require.NoError(b, err)
	require.NoError(b, c.Close())
}

func plainUpload(b *testing.B, bk *client.Client, dir string) {
	tree, err := fsutil.NewFS(dir)
	require.NoError(b, err)
	solve(b, bk, llb.Local("tree", llb.SharedKeyHint(dir)), map[string]fsutil.FS{"tree": tree})
}

const (
	treeFiles   = 10_000
	treeFolders = 100
	fileSize    = 4 << 10
)

// newTree makes a tree that nobody has sent yet.
func newTree(b *testing.B, side string, round int) string {
	b.Helper()
	dir := b.TempDir()
	content := make([]byte, fileSize)
	for i := range treeFiles {
		folder := filepath.Join(dir, strconv.Itoa(i%treeFolders))
		if i < treeFolders {
			require.NoError(b, os.Mkdir(folder, 0o755))
		}
		copy(content, fmt.Sprint(side, round, dir, i))
		require.NoError(b, os.WriteFile(filepath.Join(folder, strconv.Itoa(i)), content, 0o644))
	}
	return dir
}

func edit(b *testing.B, dir string, round int) {
	require.NoError(b, os.WriteFile(filepath.Join(dir, "7", "7"), []byte(fmt.Sprint("edit ", round)), 0o644))
}

func benchClients(b *testing.B) (*dagger.Client, *client.Client) {
	b.Helper()
	if testing.Short() {
		b.Skip("needs an engine")
	}
	c := enginetest.Connect(b)
	b.Cleanup(func() { _ = c.Close() })
	bk, err := client.New(context.Background(), enginetest.Address(b))
	require.NoError(b, err)
	b.Cleanup(func() { _ = bk.Close() })
	return c, bk
}
