package engine_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// Links lead on wherever they are in a path, and stay what they are.
func TestSymlinksInContainerPaths(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.box(t).WithNewFile("/real/f", "content").WithSymlink("/real", "/abs").WithSymlink("real", "/rel").WithSymlink("abs", "/twice").
			WithSymlink("/real/f", "/flink")
		src := e.treeOf(map[string]string{"q": "new"})
		for link, target := range map[string]string{"/abs": "/real", "/rel": "real", "/twice": "abs"} {
			require.Equal(t, "content", contents(t, ctr.File(link+"/f")))
			require.Equal(t, "content", contents(t, ctr.WithWorkdir(link).File("f")))
			require.Equal(t, "content", run(t, ctr.WithWorkdir(link), "cat", "f"))
			require.Equal(t, []string{"f"}, entries(t, ctr.Directory(link)))
			changed := ctr.WithNewFile(link+"/new", "").WithFile(link+"/copy", ctr.File("/flink")).WithDirectory(link, src).WithDirectory(link+"/sub", src).WithoutFile(link + "/f")
			require.Equal(t, []string{"copy", "new", "q", "sub/"}, entries(t, changed.Directory("/real")))
			require.Contains(t, run(t, changed, "stat", link), link+" link 0777 0:0 "+string(rune('0'+len(target)))+" -> "+target)
			require.Equal(t, "new", run(t, ctr.WithMountedDirectory(link+"/m", src), "cat", "/real/m/q"))
			require.Equal(t, "new", run(t, ctr.WithMountedDirectory(link, src), "cat", "/real/q"))
		}
		require.Equal(t, "new", contents(t, ctr.WithNewFile("/flink", "new").File("/real/f")), "a file is written where its link leads")
		require.Equal(t, "content", run(t, e.box(t).WithMountedFile("/m", ctr.File("/flink")), "cat", "/m"))
		_, err := e.c.Directory().WithSymlink("a", "b").WithSymlink("b", "a").File("a").Contents(t.Context())
		require.ErrorContains(t, err, "too many links")
		over := ctr.WithSymlink("x", "/real/f")
		if e.Docker { // it copies the link
			require.Contains(t, run(t, over, "stat", "/real/f"), " -> x")
			return
		}
		_, err = over.Sync(t.Context())
		require.ErrorContains(t, err, "/real/f: file exists")
		require.NotContains(t, err.Error(), "mounts/", "paths are those of the container")
	})
}

func TestTrailingSlashes(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.box(t).WithNewFile("/d/f/", "x").WithDirectory("/e/", e.treeOf(map[string]string{"g": ""}))
		require.Equal(t, "x", contents(t, ctr.File("/d/f/")))
		name, err := ctr.File("/d/f/").Name(t.Context())
		require.NoError(t, err)
		require.Equal(t, "f", name)
		require.Equal(t, []string{"g"}, entries(t, ctr.Directory("/e//")))
		require.Equal(t, []string{"f"}, entries(t, ctr.WithFile("/into/", ctr.File("/d/f")).Directory("/into/")))
		require.Equal(t, []string{"f", "z"}, entries(t, ctr.WithFile("/d", e.c.File("z", "")).Directory("/d")), "a folder takes the file in")
		require.Equal(t, []string{"f"}, entries(t, e.c.Directory().WithNewFile("d/f/", "").Directory("d/")))
	})
}

func TestExpandIsThatOfGo(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.c.Container().WithEnvVariable("A", "1").WithEnvVariable("A_B", "2").WithEnvVariable("EMPTY", "")
		for text, want := range map[string]string{
			"$A_B": "2", "${A}_B": "1_B", "$A-$A": "1-1", "a$": "a$", `\$A`: `\1`, "$EMPTY.": ".", "$NONE.": ".", "${NONE:-x}": "", "${A": "A", "$(A)": "$(A)",
		} {
			got, err := ctr.WithEnvVariable("X", text, dagger.ContainerWithEnvVariableOpts{Expand: true}).EnvVariable(t.Context(), "X")
			require.NoError(t, err)
			require.Equal(t, want, got, text)
		}
	})
}

func TestHardLinksAndTimes(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		linked := e.box(t).WithExec(box("mkdir", "/d", ";", "write", "/d/a", "x", ";", "link", "/d/a", "/d/b")).Directory("/d")
		for _, d := range []*dagger.Directory{linked, e.c.Directory().WithDirectory("q", linked).Directory("q")} {
			out := filepath.Join(t.TempDir(), "out")
			_, err := d.Export(ctx, out)
			require.NoError(t, err)
			var st syscall.Stat_t
			require.NoError(t, syscall.Stat(filepath.Join(out, "a"), &st))
			require.EqualValues(t, 2, st.Nlink)
		}

		dir := hostTree(t, map[string]string{"f": "x"})
		old := time.Unix(1000000000, 123456789)
		require.NoError(t, os.Chtimes(filepath.Join(dir, "f"), old, old))
		host := e.c.Host().Directory(dir)
		require.Equal(t, "/t/f 1000000000\n", run(t, e.box(t).WithMountedDirectory("/t", host), "mtime", "/t/f"))
		require.Equal(t, "/t/f 1000000000\n", run(t, e.box(t).WithDirectory("/t", host), "mtime", "/t/f"))
		out := t.TempDir()
		_, err := host.Export(ctx, filepath.Join(out, "all"))
		require.NoError(t, err)
		_, err = host.File("f").Export(ctx, filepath.Join(out, "one"))
		require.NoError(t, err)
		for _, name := range []string{"all/f", "one"} {
			info, err := os.Stat(filepath.Join(out, name))
			require.NoError(t, err)
			require.True(t, old.Equal(info.ModTime()), name)
		}
	})
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		d := e.box(t).WithWorkdir("/n/sub").WithExec(box("named", "61ff62", "x", ";", "write", "plain", "y")).Directory("/n")
		const shown = "a\ufffdb" // the API's strings are UTF-8
		require.Equal(t, []string{shown, "plain"}, entries(t, d.Directory("sub")))
		require.Equal(t, []string{"sub/"}, entries(t, d))
		require.Equal(t, []string{"sub/", "sub/" + shown, "sub/plain"}, all(t, d))
		require.Equal(t, "y", contents(t, d.File("sub/plain")))
		ok, err := d.Exists(ctx, "sub/plain", dagger.DirectoryExistsOpts{DoNotFollowSymlinks: true})
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, lines("61ff62", "706c61696e"), run(t, e.box(t).WithDirectory("/c", d), "hexnames", "/c/sub"))
		_, err = d.Export(ctx, filepath.Join(t.TempDir(), "out"))
		require.ErrorContains(t, err, `the name "sub/a\xffb" is not UTF-8`)
		require.Equal(t, []string{"plain"}, entries(t, d.WithoutFile("sub/a?b").Directory("sub")))
	})
}

func TestMountsUnderMounts(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		dir := func(files map[string]string) *dagger.Directory { return e.treeOf(files) }
		readOnly := e.box(t).WithMountedDirectory("/m", dir(map[string]string{"sub/f": "under"}), dagger.ContainerWithMountedDirectoryOpts{ReadOnly: true}).
			WithMountedFile("/m/sub/f", e.c.File("x", "over"))
		require.Equal(t, "over", run(t, readOnly, "cat", "/m/sub/f"), "in a read-only mount")
		require.Equal(t, "over", contents(t, readOnly.File("/m/sub/f")))
		require.Equal(t, "under", contents(t, readOnly.WithoutMount("/m/sub/f").File("/m/sub/f")))

		cache := e.box(t).WithMountedCache("/c", e.c.CacheVolume(unique())).WithMountedTemp("/c/t").WithMountedDirectory("/c/d", dir(map[string]string{"x": ""})).
			WithMountedSecret("/c/d/s", e.c.SetSecret(unique(), "a secret value"))
		require.Equal(t, "d\nt\ns\nx\n", run(t, cache, "ls", "/c", "/c/d"), "in a cache volume")
		below := e.box(t).WithMountedDirectory("/m", dir(map[string]string{"a": ""})).WithNewFile("/m/b", "").WithDirectory("/m/c", dir(map[string]string{"d": ""}))
		require.Equal(t, "a\nb\nc\n", run(t, below, "ls", "/m"))
		_, err := below.WithoutMount("/m").Directory("/m").Entries(t.Context())
		require.ErrorContains(t, err, "/m", "what was written into the mount went with it")

		_, err = e.box(t).WithNewFile("/x", "").WithMountedDirectory("/x", dir(nil)).WithExec(box("true")).Sync(t.Context())
		if e.Docker { // it says why only while it runs
			require.Error(t, err)
			return
		}
		require.ErrorContains(t, err, "the command has not started: ")
		require.ErrorContains(t, err, "ot a directory")
	})
}

func TestOutputOf100MB(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const size = 100 << 20
		require.Len(t, run(t, e.box(t), "fill", "104857600"), size)
	})
}

// Where the kernel has an emulator for it, another platform's programs run; else
// the error says what is missing.
func TestOtherPlatforms(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.c.Container(dagger.ContainerOpts{Platform: "linux/riscv64"}).WithNewFile("/x", "")
		platform, err := ctr.Platform(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, "linux/riscv64", platform)
		require.Equal(t, []string{"x"}, entries(t, ctr.Rootfs()), "files need no emulator")
		_, err = ctr.WithExec([]string{"/x"}).Sync(t.Context())
		require.Error(t, err)
		if _, missing := os.Stat("/proc/sys/fs/binfmt_misc/qemu-riscv64"); missing != nil {
			require.ErrorContains(t, err, "has no emulator for linux/riscv64")
		}
	})
}
