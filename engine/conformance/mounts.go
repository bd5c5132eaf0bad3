package conformance

import (
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/check"
)

func testMountedDirectory(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"f": "original", "sub/g": ""})
	ctr := e.box(t).WithMountedDirectory("/m", src)
	require.Equal(t, []string{"f", "sub/"}, entries(t, ctr.Directory("/m")))
	changed := ctr.WithExec(box("write", "/m/f", "changed", ";", "write", "/m/new", "n", ";", "rm", "/m/sub"))
	require.Equal(t, []string{"f", "new"}, entries(t, changed.Directory("/m")), "writes show")
	require.Equal(t, "changed", contents(t, changed.File("/m/f")))
	require.Equal(t, "changed", run(t, changed, "cat", "/m/f"), "also to the next command")
	require.Equal(t, "original", contents(t, src.File("f")), "the source stays as it is")
	require.NotContains(t, entries(t, changed.Rootfs()), "m/", "and so does the root file system")
	require.Equal(t, "original", contents(t, ctr.File("/m/f")))

	later := changed.WithNewFile("/m/by-api", "x").WithoutFile("/m/new")
	require.Equal(t, []string{"by-api", "f"}, entries(t, later.Directory("/m")), "files are added to what is mounted")
	require.Equal(t, "by-api\nf\n", run(t, later, "ls", "/m"))

	readOnly := e.box(t).WithMountedDirectory("/m", src, dagger.ContainerWithMountedDirectoryOpts{ReadOnly: true})
	require.Contains(t, fails(t, readOnly, "write", "/m/f", "x").Stderr, "read-only file system")
	require.Equal(t, "original", run(t, readOnly, "cat", "/m/f"))

	part := e.box(t).WithMountedDirectory("/m", src.Directory("sub")).WithExec(box("write", "/m/new", "n"))
	require.Equal(t, []string{"g", "new"}, entries(t, part.Directory("/m")), "a part of a directory")
	link := e.box(t).WithMountedDirectory("/m", src.WithSymlink("sub", "link").Directory("link"))
	require.Equal(t, "g\n", run(t, link, "ls", "/m"), "where a link leads")
	empty := e.box(t).WithMountedDirectory("/m", e.c.Directory()).WithExec(box("write", "/m/new", "n"))
	require.Equal(t, []string{"new"}, entries(t, empty.Directory("/m")))

	byEnv := e.box(t).WithEnvVariable("D", "mnt").WithMountedDirectory("/$D", src, dagger.ContainerWithMountedDirectoryOpts{Expand: true}).WithWorkdir("/mnt").WithMountedDirectory("rel", src)
	mounts, err := byEnv.Mounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"/mnt", "/mnt/rel"}, mounts)
	require.Equal(t, "f\nrel\nsub\n", run(t, byEnv, "ls", "/mnt"))
}

func testMountOwner(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"f": "", "d/g": ""})
	ctr := e.withAccounts(t).
		WithMountedDirectory("/m", src, dagger.ContainerWithMountedDirectoryOpts{Owner: "worker:extra"}).
		WithMountedDirectory("/n", src.Directory("d"), dagger.ContainerWithMountedDirectoryOpts{Owner: "7"}).
		WithMountedFile("/f", src.File("f"), dagger.ContainerWithMountedFileOpts{Owner: "worker"}).
		WithMountedCache("/c", e.c.CacheVolume(unique()), dagger.ContainerWithMountedCacheOpts{Owner: "worker:5"})
	require.Equal(t, lines(
		"/m dir 0755 1234:3456 0",
		"/m/d dir 0755 1234:3456 0",
		"/m/d/g file 0644 1234:3456 0",
		"/n dir 0755 7:7 0",
		"/n/g file 0644 7:7 0",
		"/f file 0644 1234:1234 0",
		"/c dir 0755 1234:5 0",
	), run(t, ctr, "stat", "/m", "/m/d", "/m/d/g", "/n", "/n/g", "/f", "/c"))
	require.Empty(t, run(t, ctr.WithUser("worker"), "write", "/m/new", "x", ";", "write", "/f", "x", ";", "write", "/c/x", "x"))
}

func testMountedFile(t *testing.T, e *env) {
	src := e.c.Directory().WithNewFile("a/f", "original").File("a/f")
	ctr := e.box(t).WithMountedFile("/etc/conf", src)
	require.Equal(t, "original", run(t, ctr, "cat", "/etc/conf"))
	require.Equal(t, "original", contents(t, ctr.File("/etc/conf")))
	changed := ctr.WithExec(box("append", "/etc/conf", " and more"))
	require.Equal(t, "original and more", contents(t, changed.File("/etc/conf")))
	require.Equal(t, "original and more", run(t, changed, "cat", "/etc/conf"))
	require.Equal(t, "original", contents(t, src))
}

func testNestedMounts(t *testing.T, e *env) {
	dir := func(name string) *dagger.Directory { return e.treeOf(map[string]string{name: name}) }
	ctr := e.box(t).WithMountedDirectory("/a", dir("outer")).WithMountedDirectory("/a/b", dir("inner")).
		WithMountedTemp("/a/b/tmp").WithMountedFile("/a/file", dir("x").File("x"))
	require.Equal(t, "b\nfile\nouter\n", run(t, ctr, "ls", "/a"))
	require.Equal(t, "inner\ntmp\n", run(t, ctr, "ls", "/a/b"))
	changed := ctr.WithExec(box("write", "/a/b/new", "in", ";", "write", "/a/new", "out"))
	require.Equal(t, "in", contents(t, changed.File("/a/b/new")))
	require.Equal(t, "out", contents(t, changed.File("/a/new")))
	require.Contains(t, entries(t, changed.Directory("/a/b")), "inner")

	turned := e.box(t).WithMountedDirectory("/a/b", dir("inner")).WithMountedDirectory("/a", dir("outer").WithNewDirectory("b"))
	mounts, err := turned.Mounts(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"/a/b", "/a"}, mounts)
	require.Equal(t, "inner\n", run(t, turned, "ls", "/a/b"), "a mount below another one is seen whatever the order of the calls")

	replaced := ctr.WithMountedDirectory("/a", dir("other"))
	require.Contains(t, run(t, replaced, "ls", "/a"), "other")
	require.NotContains(t, run(t, replaced, "ls", "/a"), "outer", "a mount at the same place replaces the first")
	require.NotContains(t, run(t, ctr.WithoutMount("/a/file"), "ls", "/a"), "outer\nx")
	gone := ctr.WithExec(box("true")).WithoutMount("/a/b")
	require.Contains(t, run(t, gone, "ls", "/a"), "outer")
	mounts, err = gone.Mounts(t.Context())
	require.NoError(t, err)
	require.NotContains(t, mounts, "/a/b")
}

func testMountedTemp(t *testing.T, e *env) {
	ctr := e.box(t).WithMountedTemp("/t", dagger.ContainerWithMountedTempOpts{Size: 1 << 20})
	require.Equal(t, "1048576\n", run(t, ctr, "df", "/t"))
	require.Contains(t, fails(t, ctr, "big", "/t/f", "2").Stderr, "no space left on device")
	require.Empty(t, run(t, ctr.WithExec(box("write", "/t/f", "x")), "ls", "/t"), "each command has an empty one")
	require.Contains(t, run(t, ctr, "mounted", "/t"), "tmpfs")
	_, err := ctr.File("/t/f").Contents(t.Context())
	require.ErrorContains(t, err, "lies in a temporary folder")
	require.Empty(t, run(t, ctr.WithUser("1000"), "write", "/t/f", "x"), "anybody may write there")
}

func testCacheVolumeOutlivesSessions(t *testing.T, e *env) {
	key := "suite-" + unique()
	counted := func(c *dagger.Client, key string) string {
		t.Helper()
		return run(t, check.Boxed(c, e.Box).WithMountedCache("/c", c.CacheVolume(key)).WithEnvVariable("N", unique()), "count", "/c/n")
	}
	require.Equal(t, "1\n", counted(e.c, key))
	require.Equal(t, "2\n", counted(e.c, key))
	require.Equal(t, "3\n", counted(e.connect(t), key), "another session has the same volume")
	require.Equal(t, "1\n", counted(e.c, key+"-other"), "another key is another one")

	ctr := e.box(t).WithMountedCache("/c", e.c.CacheVolume(key))
	require.NotContains(t, entries(t, ctr.WithExec(box("write", "/c/f", key)).Rootfs()), "c/f")
	_, err := ctr.Directory("/c").Entries(t.Context())
	require.ErrorContains(t, err, "lies in a cache volume")
	_, err = ctr.WithNewFile("/c/f", "").Sync(t.Context())
	require.ErrorContains(t, err, "lies in a cache volume")
	_, err = e.c.CacheVolume("").ID(t.Context())
	require.ErrorContains(t, err, "needs a key")
}

func testCacheVolumeSource(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"seed": "s", "sub/deep": "d"})
	ctr := e.box(t).WithMountedCache("/c", e.c.CacheVolume(unique()), dagger.ContainerWithMountedCacheOpts{Source: src})
	require.Equal(t, "seed\nsub\n", run(t, ctr, "ls", "/c"))
	part := e.box(t).WithMountedCache("/c", e.c.CacheVolume(unique(), dagger.CacheVolumeOpts{Source: src.Directory("sub")}))
	require.Equal(t, "deep\n", run(t, part, "ls", "/c"))
}

func testCacheVolumeSharing(t *testing.T, e *env) {
	at := func(key string, mode dagger.CacheSharingMode, opts ...dagger.CacheVolumeOpts) *dagger.Container {
		return e.box(t).WithMountedCache("/c", e.c.CacheVolume(key, opts...), dagger.ContainerWithMountedCacheOpts{Sharing: mode})
	}
	both := func(ctr *dagger.Container) (errs []error) {
		var wg sync.WaitGroup
		all := make([]error, 2)
		for i := range all {
			wg.Go(func() {
				_, all[i] = ctr.WithEnvVariable("N", unique()).WithExec(box("exclusive", "/c")).Sync(t.Context())
			})
		}
		wg.Wait()
		for _, err := range all {
			if err != nil {
				errs = append(errs, err)
			}
		}
		return errs
	}
	require.Empty(t, both(at(unique(), dagger.CacheSharingModeLocked)), "locked: one after the other")
	require.Empty(t, both(at(unique(), dagger.CacheSharingModePrivate)), "private: each its own")
	require.Empty(t, both(at(unique(), "", dagger.CacheVolumeOpts{Sharing: dagger.CacheSharingModeLocked})), "the volume's own mode counts")
	shared := false
	for range 5 {
		shared = shared || len(both(at(unique(), dagger.CacheSharingModeShared))) == 1
	}
	require.True(t, shared, "shared: both at once")
}
