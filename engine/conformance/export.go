package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// onHost lists what is in a folder of the host, with permissions.
func onHost(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		value := info.Mode().String()
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			value += " " + string(content)
		}
		found[rel] = value
		return nil
	}))
	return found
}

func testExportDirectory(t *testing.T, e *env) {
	ctx := t.Context()
	src := e.treeOf(map[string]string{"f": "1", "sub/g": "2", "empty/": "", ".hidden": "h"}).
		WithNewFile("exec", "x", dagger.DirectoryWithNewFileOpts{Permissions: 0o750}).WithSymlink("sub/g", "link")
	want := map[string]string{
		".hidden": "-rw-r--r-- h", "empty": "drwxr-xr-x", "exec": "-rwxr-x--- x", "f": "-rw-r--r-- 1",
		"link": "Lrwxrwxrwx", "sub": "drwxr-xr-x", "sub/g": "-rw-r--r-- 2",
	}
	dir := t.TempDir()
	target := filepath.Join(dir, "a", "b")
	path, err := src.Export(ctx, target)
	require.NoError(t, err)
	require.Equal(t, target, path)
	require.Equal(t, want, onHost(t, target))
	info, err := os.Stat(target)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o755), info.Mode().Perm())

	require.NoError(t, os.WriteFile(filepath.Join(target, "mine"), []byte("m"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(target, "f"), []byte("old"), 0o600))
	require.NoError(t, os.Remove(filepath.Join(target, "link")))
	require.NoError(t, os.Symlink("elsewhere", filepath.Join(target, "link")))
	_, err = src.Export(ctx, target)
	require.NoError(t, err)
	want["mine"] = "-rw-r--r-- m"
	require.Equal(t, want, onHost(t, target), "merged into what is there")

	_, err = src.Export(ctx, target, dagger.DirectoryExportOpts{Wipe: true})
	require.NoError(t, err)
	delete(want, "mine")
	require.Equal(t, want, onHost(t, target), "wiped")

	_, err = src.Directory("sub").Export(ctx, filepath.Join(dir, "part"))
	require.NoError(t, err)
	require.Equal(t, map[string]string{"g": "-rw-r--r-- 2"}, onHost(t, filepath.Join(dir, "part")))
	_, err = e.c.Directory().Export(ctx, filepath.Join(dir, "nothing"))
	require.NoError(t, err)
	require.DirExists(t, filepath.Join(dir, "nothing"))
	require.Len(t, onHost(t, dir), 1+1+len(want)+2+1, "nothing else is left")

	require.NoError(t, os.Symlink("part", filepath.Join(dir, "to-part")))
	_, err = src.Directory("sub").WithNewFile("new", "").Export(ctx, filepath.Join(dir, "to-part"))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "part", "new"), "through a link")
	_, err = src.Directory("sub").Export(ctx, filepath.Join(dir, "to-part"), dagger.DirectoryExportOpts{Wipe: true})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"g": "-rw-r--r-- 2"}, onHost(t, filepath.Join(dir, "part")), "wiped through a link")
}

func testExportFile(t *testing.T, e *env) {
	ctx := t.Context()
	dir := t.TempDir()
	f := e.c.File("name", "content", dagger.FileOpts{Permissions: 0o740})
	path, err := f.Export(ctx, filepath.Join(dir, "a", "out"))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "a", "out"), path)
	require.Equal(t, map[string]string{"out": "-rwxr----- content"}, onHost(t, filepath.Join(dir, "a")))

	_, err = e.c.File("x", "new").Export(ctx, path)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"out": "-rw-r--r-- new"}, onHost(t, filepath.Join(dir, "a")), "a file is replaced")

	_, err = f.Export(ctx, filepath.Join(dir, "a"))
	require.ErrorContains(t, err, "a folder is in the way")
	into, err := f.Export(ctx, filepath.Join(dir, "a"), dagger.FileExportOpts{AllowParentDirPath: true})
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "a", "name"), into)
	require.FileExists(t, into)
	_, err = f.Export(ctx, "")
	require.ErrorContains(t, err, "the path to write to is empty")
}

func testExportToRelativePath(t *testing.T, e *env) {
	name := "testdata-" + unique()
	t.Cleanup(func() { _ = os.RemoveAll(name) })
	path, err := e.c.File("f", "x").Export(t.Context(), filepath.Join(name, "sub", "..", "out"))
	require.NoError(t, err)
	wd, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(wd, name, "out"), path)
	require.FileExists(t, path)
}

func testExportObstacles(t *testing.T, e *env) {
	ctx := t.Context()
	dir := hostTree(t, map[string]string{"file": "mine", "folder/f/x": "mine", "file-for-folder/sub": "mine"})
	before := onHost(t, dir)
	src := e.treeOf(map[string]string{"f": "1", "sub/g": "2"})
	for name, export := range map[string]func() error{
		"a file is in the way":                func() error { _, err := src.Export(ctx, filepath.Join(dir, "file")); return err },
		"not a directory":                     func() error { _, err := src.Export(ctx, filepath.Join(dir, "file", "below")); return err },
		"not a directory ":                    func() error { _, err := src.File("f").Export(ctx, filepath.Join(dir, "file", "below")); return err },
		"in the way of a file":                func() error { _, err := src.Export(ctx, filepath.Join(dir, "folder")); return err },
		"in the way of a folder":              func() error { _, err := src.Export(ctx, filepath.Join(dir, "file-for-folder")); return err },
		"file does not exist":                 func() error { _, err := src.File("none").Export(ctx, filepath.Join(dir, "out")); return err },
		"is a directory, not a file":          func() error { _, err := src.File("sub").Export(ctx, filepath.Join(dir, "out")); return err },
		"is a file, not a directory":          func() error { _, err := src.Directory("f").Export(ctx, filepath.Join(dir, "out")); return err },
		"does not exist":                      func() error { _, err := src.Directory("none").Export(ctx, filepath.Join(dir, "out")); return err },
		"a folder is in the way: name":        func() error { _, err := src.File("f").Export(ctx, filepath.Join(dir, "folder")); return err },
		"there is a folder of that name":      func() error { _, err := e.c.Container().Export(ctx, filepath.Join(dir, "folder")); return err },
		"exporting to /proc/nothing/here/out": func() error { _, err := src.File("f").Export(ctx, "/proc/nothing/here/out"); return err },
		"exporting to /proc/nothing/here/dir": func() error { _, err := src.Export(ctx, "/proc/nothing/here/dir"); return err },
	} {
		require.ErrorContains(t, export(), trimmed(name), name)
		require.Equal(t, before, onHost(t, dir), "after %q nothing is changed, and nothing half written is left", name)
	}
}

func trimmed(name string) string {
	for len(name) > 0 && name[len(name)-1] == ' ' {
		name = name[:len(name)-1]
	}
	return name
}

func testExportLinksStayInside(t *testing.T, e *env) {
	outside, target := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(target, "sub")))
	_, err := e.treeOf(map[string]string{"sub/f": "x"}).Export(t.Context(), target)
	require.ErrorContains(t, err, "in the way of a folder")
	require.Empty(t, onHost(t, outside), "nothing is written through a link that is there already")

	abs := t.TempDir()
	_, err = e.c.Directory().WithSymlink(outside, "sub").WithNewFile("f", "x").Export(t.Context(), filepath.Join(abs, "out"))
	require.NoError(t, err)
	link, err := os.Readlink(filepath.Join(abs, "out", "sub"))
	require.NoError(t, err)
	require.Equal(t, outside, link, "links are written as they are")
	require.Empty(t, onHost(t, outside))
}

func testExportBigFile(t *testing.T, e *env) {
	ctr := e.box(t).WithExec(box("fill", "52428800"), dagger.ContainerWithExecOpts{RedirectStdout: "/big"})
	dir := t.TempDir()
	_, err := ctr.File("/big").Export(t.Context(), filepath.Join(dir, "file"))
	require.NoError(t, err)
	_, err = ctr.Directory("/").Filter(dagger.DirectoryFilterOpts{Include: []string{"big"}}).Export(t.Context(), filepath.Join(dir, "d"))
	require.NoError(t, err)
	sum := run(t, ctr, "hash", "/big")
	for _, path := range []string{"file", "d/big"} {
		require.Equal(t, sum, run(t, e.box(t).WithMountedFile("/f", e.c.Host().File(filepath.Join(dir, path))), "hash", "/f"))
	}
}
