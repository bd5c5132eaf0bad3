package conformance

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func testHostDirectory(t *testing.T, e *env) {
	dir := hostTree(t, map[string]string{"f": "1", ".hidden": "h", "sub/g": "2", "sub/deep/h": "3", "empty/": "", "exec": "x"})
	require.NoError(t, os.Chmod(filepath.Join(dir, "exec"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(dir, "f"), 0o600))
	require.NoError(t, os.Chmod(filepath.Join(dir, "sub"), 0o700))
	require.NoError(t, os.Lchown(filepath.Join(dir, "f"), 1000, 1000))
	require.NoError(t, os.Symlink("sub/g", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "outside")))
	d := e.c.Host().Directory(dir)
	require.Equal(t, lines(
		".hidden file 0644 0:0 1",
		"empty dir 0755 0:0 0",
		"exec file 0755 0:0 1",
		"f file 0600 0:0 1",
		"link link 0777 0:0 5 -> sub/g",
		"outside link 0777 0:0 11 -> /etc/passwd",
		"sub dir 0700 0:0 0",
		"sub/deep dir 0755 0:0 0",
		"sub/deep/h file 0644 0:0 1",
		"sub/g file 0644 0:0 1",
	), e.tree(t, d))
	require.Equal(t, "2", contents(t, d.File("link")))
	_, err := d.File("outside").Contents(t.Context())
	require.Error(t, err, "a link to the outside leads nowhere")
	name, err := d.Name(t.Context())
	require.NoError(t, err)
	require.Equal(t, filepath.Base(dir)+"/", name)
	require.Empty(t, all(t, e.c.Host().Directory(t.TempDir())))
	require.NoError(t, os.Symlink(dir, dir+"-link"))
	t.Cleanup(func() { _ = os.Remove(dir + "-link") })
	require.Equal(t, entries(t, d), entries(t, e.c.Host().Directory(dir+"-link")), "where a link leads")
}

func testHostDirectoryPatterns(t *testing.T, e *env) {
	dir := hostTree(t, map[string]string{"a.go": "", "b.txt": "", "sub/c.go": "", "sub/d.txt": "", "node_modules/x/y": "", "sub/node_modules/z": "", ".git/HEAD": ""})
	load := func(include, exclude []string) []string {
		t.Helper()
		return all(t, e.c.Host().Directory(dir, dagger.HostDirectoryOpts{Include: include, Exclude: exclude}))
	}
	require.Equal(t, []string{"a.go"}, load([]string{"*.go"}, nil))
	require.Equal(t, []string{"a.go", "sub/", "sub/c.go"}, load([]string{"**/*.go"}, nil))
	require.Equal(t, []string{"a.go", "b.txt", "sub/", "sub/c.go", "sub/d.txt"}, load(nil, []string{"**/node_modules", ".git"}))
	require.Equal(t, []string{"sub/", "sub/c.go"}, load([]string{"sub"}, []string{"**/node_modules", "**/*.txt"}))
	require.Equal(t, []string{"a.go", "b.txt", "sub/", "sub/c.go", "sub/d.txt", "sub/node_modules/", "sub/node_modules/z"}, load(nil, []string{"node_modules/", ".git*"}), "without ** at the top only")
	require.Equal(t, []string{"a.go"}, load(nil, []string{"*", "!a.go"}))
	require.Empty(t, load([]string{"none"}, nil))
}

// A file of a tebibyte is left out by every way of leaving out: sending it
// would never end.
func testExcludedFilesNeverTravel(t *testing.T, e *env) {
	dir := hostTree(t, map[string]string{"small": "s", ".gitignore": "huge\n"})
	huge, err := os.Create(filepath.Join(dir, "huge"))
	require.NoError(t, err)
	if err := huge.Truncate(1 << 40); err != nil {
		t.Skipf("the file system has no sparse files of that size: %v", err)
	}
	require.NoError(t, huge.Close())
	want := []string{".gitignore", "small"}
	host := e.c.Host()
	require.Equal(t, want, all(t, host.Directory(dir, dagger.HostDirectoryOpts{Exclude: []string{"huge"}})))
	require.Equal(t, []string{"small"}, all(t, host.Directory(dir, dagger.HostDirectoryOpts{Include: []string{"s*"}})))
	require.Equal(t, want, all(t, host.Directory(dir, dagger.HostDirectoryOpts{Gitignore: true})))
	require.Equal(t, "s", contents(t, host.File(filepath.Join(dir, "small"))), "a file does not bring its neighbours")
}

func testHostFile(t *testing.T, e *env) {
	ctx := t.Context()
	names := []string{"plain", "[a]*?", "back\\slash", "spa ce", "!bang", "ümläut"}
	files := map[string]string{}
	for _, name := range names {
		files[name] = "content of " + name
	}
	dir := hostTree(t, files)
	for _, name := range names {
		f := e.c.Host().File(filepath.Join(dir, name))
		require.Equal(t, files[name], contents(t, f), name)
		got, err := f.Name(ctx)
		require.NoError(t, err)
		require.Equal(t, name, got)
	}
	require.NoError(t, os.Symlink("plain", filepath.Join(dir, "link")))
	link := e.c.Host().File(filepath.Join(dir, "link"))
	require.Equal(t, "content of plain", contents(t, link))
	name, err := link.Name(ctx)
	require.NoError(t, err)
	require.Equal(t, "link", name)
	require.Equal(t, lines("link file 0644 0:0 16"), e.tree(t, e.c.Directory().WithFile("link", link)))
	require.Contains(t, contents(t, e.c.Host().File("conformance_test.go")), "package conformance_test", "relative paths start at the working folder")

	_, err = e.c.Host().File(filepath.Join(dir, "none")).Contents(ctx)
	require.ErrorContains(t, err, filepath.Join(dir, "none"))
	require.ErrorContains(t, err, "there is no such file or folder")
	_, err = e.c.Host().Directory(filepath.Join(dir, "none")).Entries(ctx)
	require.ErrorContains(t, err, "there is no such file or folder")
	_, err = e.c.Host().File(dir).Contents(ctx)
	require.ErrorContains(t, err, "it is a folder")
	_, err = e.c.Host().Directory(filepath.Join(dir, "plain")).Entries(ctx)
	require.ErrorContains(t, err, "it is a file")
}

func testHome(t *testing.T, e *env) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skipf("no home folder: %v", err)
	}
	dir, err := os.MkdirTemp(home, ".bodkin-test-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	short := "~/" + filepath.Base(dir)
	path, err := e.c.File("f", "at home").Export(t.Context(), short+"/out")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "out"), path)
	require.Equal(t, "at home", contents(t, e.c.Host().File(short+"/out")))
	require.Equal(t, []string{"out"}, entries(t, e.c.Host().Directory(short)))
}

// Within a session a folder is loaded once: every step sees the same files.
func testHostIsLoadedOnce(t *testing.T, e *env) {
	dir := hostTree(t, map[string]string{"f": "before"})
	c := e.connect(t)
	path := filepath.Join(dir, "f")
	read := func(c *dagger.Client) string { t.Helper(); return contents(t, c.Host().Directory(dir).File("f")) }
	require.Equal(t, "before", read(c))
	require.NoError(t, os.WriteFile(path, []byte("after!"), 0o644))
	require.Equal(t, "before", read(c))
	require.Equal(t, "after!", contents(t, c.Host().Directory(dir, dagger.HostDirectoryOpts{NoCache: true}).File("f")))
	require.Equal(t, "after!", contents(t, c.Host().File(path, dagger.HostFileOpts{NoCache: true})))
	require.Equal(t, "after!", read(e.connect(t)), "the next session sees the change")
	require.NoError(t, os.WriteFile(path, []byte("again!"), 0o644))
	require.Equal(t, "again!", read(e.connect(t)), "also one that does not change the size")
	require.NoError(t, os.Remove(path))
	require.Empty(t, entries(t, e.connect(t).Host().Directory(dir)), "and that a file is gone")
}

func testFindUp(t *testing.T, e *env) {
	for name, want := range map[string]string{"go.mod": "../../go.mod", "uncovered.txt": "uncovered.txt", "internal": "../internal", "no-such-file-anywhere": ""} {
		got, err := e.c.Host().FindUp(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func testOddHostFiles(t *testing.T, e *env) {
	dir := hostTree(t, map[string]string{"f": "", "new\nline": "n", "back\\slash": "b"})
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	require.NoError(t, os.Link(filepath.Join(dir, "f"), filepath.Join(dir, "hard")))
	require.ElementsMatch(t, []string{"back\\slash", "f", "hard", "new\nline", "pipe"}, entries(t, e.c.Host().Directory(dir)))

	bad := hostTree(t, map[string]string{"fine": "", "not\xffutf8": ""})
	_, err := e.c.Host().Directory(bad).Entries(t.Context())
	require.ErrorContains(t, err, `not\xffutf8`, "a name that cannot travel is named")
	require.Equal(t, []string{"fine"}, entries(t, e.c.Host().Directory(bad, dagger.HostDirectoryOpts{Exclude: []string{"not*"}})))
}
