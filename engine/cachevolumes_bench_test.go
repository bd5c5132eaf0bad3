package engine_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// goCacheSize is how much of the host's Go build cache is moved, in bytes.
const goCacheSize = 500 << 20

// BenchmarkCacheVolume: a Go build cache from one engine into a folder, and from
// there into an empty engine, against `tar | zstd` of the same files on the host
// and back. A session's start and end, with its exec, count.
func BenchmarkCacheVolume(b *testing.B) {
	work := b.TempDir()
	cache := filepath.Join(work, "go-build")
	size := partOfGoCache(b, cache)
	from, to := freshEmbedded(b), freshEmbedded(b)
	session := func(address, store, key string, args ...string) time.Duration {
		return timeOf(func() {
			c, err := engine.Connect(b.Context(), engine.WithAddress(address), engine.WithCacheVolumes(engine.CacheVolumes{Store: store}))
			require.NoError(b, err)
			ctr := c.Container().WithFile(boxPath, c.Host().File(enginetest.Testbox(b))).
				WithMountedCache("/c", c.CacheVolume(key)).WithEnvVariable("N", unique())
			if args[0] == "copytree" {
				ctr = ctr.WithMountedDirectory("/src", c.Host().Directory(cache))
			}
			_, err = ctr.WithExec(box(args...), dagger.ContainerWithExecOpts{}).Sync(b.Context())
			require.NoError(b, err)
			require.NoError(b, c.Close())
		})
	}
	var save, restore, again, pack, unpack time.Duration
	var first, second int64
	for b.Loop() {
		key, store, tarball := unique(), filepath.Join(work, unique()), filepath.Join(work, "x.tar.zst")
		session(from, filepath.Join(work, "unused"), key, "copytree", "/src", "/c")
		save += session(from, store, key, "true")
		first += folderSize(b, store)
		restore += session(to, store, key, "ls", "/c")
		again += session(to, store, key, "big", "/c/new", "1", ";", "write", "/c/00/new", "small change", ";", "random-file", "/c/01-new", "2000")
		second += folderSize(b, store)
		dir := filepath.Join(work, "back")
		require.NoError(b, os.Mkdir(dir, 0o755))
		pack += timeOf(func() { shell(b, "tar cf - -C "+cache+" . | zstd -q -T0 -o "+tarball) })
		unpack += timeOf(func() { shell(b, "zstd -dcq "+tarball+" | tar xf - -C "+dir) })
		for _, path := range []string{dir, store, tarball, filepath.Join(work, "unused")} {
			require.NoError(b, os.RemoveAll(path))
		}
		forgetAll(b, from)
		forgetAll(b, to)
	}
	per := func(d time.Duration) float64 { return d.Seconds() / float64(b.N) }
	b.ReportMetric(float64(size)/1e6, "MB")
	b.ReportMetric(per(save), "save-s")
	b.ReportMetric(per(restore), "restore-s")
	b.ReportMetric(per(again), "second-save-s")
	b.ReportMetric(per(pack), "tar-zstd-s")
	b.ReportMetric(per(unpack), "zstd-tar-s")
	b.ReportMetric(float64(save+restore)/float64(pack+unpack), "ratio")
	b.ReportMetric(float64(first)/1e6/float64(b.N), "stored-MB")
	b.ReportMetric(100*float64(second-first)/float64(first), "second-save-%")
	b.ReportMetric(0, "ns/op")
}

// partOfGoCache copies folders of the host's Go build cache to dir and returns
// their size.
func partOfGoCache(b *testing.B, dir string) (size int64) {
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	require.NoError(b, err)
	from := strings.TrimSpace(string(out))
	folders, err := filepath.Glob(filepath.Join(from, "??"))
	require.NoError(b, err)
	require.NoError(b, os.Mkdir(dir, 0o755))
	for _, folder := range folders {
		if size >= goCacheSize {
			break
		}
		shell(b, "cp -a "+folder+" "+dir)
		size += folderSize(b, filepath.Join(dir, filepath.Base(folder)))
	}
	return size
}

func folderSize(b *testing.B, dir string) (size int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	require.NoError(b, err)
	return size
}

func shell(b *testing.B, command string) {
	out, err := exec.Command("sh", "-c", command).CombinedOutput()
	require.NoError(b, err, string(out))
}

func startPlain(t testing.TB) string {
	enginetest.Needs(t)
	p, err := enginetest.StartPlain(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p.Address
}

// forgetAll makes an engine empty that nobody else uses.
func forgetAll(t testing.TB, address string) {
	bk, err := client.New(t.Context(), address)
	require.NoError(t, err)
	defer bk.Close()
	require.NoError(t, bk.Prune(t.Context(), nil, client.PruneAll))
}
