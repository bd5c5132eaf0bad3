package conformance

import (
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func testEmptyDirectory(t *testing.T, e *env) {
	ctx := t.Context()
	d := e.c.Directory()
	require.Empty(t, entries(t, d))
	require.Empty(t, all(t, d))
	_, err := d.Sync(ctx)
	require.NoError(t, err)
	name, err := d.Name(ctx)
	require.NoError(t, err)
	require.Equal(t, "/", name)
	ok, err := d.Exists(ctx, "x")
	require.NoError(t, err)
	require.False(t, ok)
	_, err = d.File("x").Contents(ctx)
	require.ErrorContains(t, err, "x")
	require.ErrorContains(t, err, "file does not exist")
	_, err = d.Directory("x").Entries(ctx)
	require.ErrorContains(t, err, "file does not exist")
}

func testDirectoryIsImmutable(t *testing.T, e *env) {
	base := e.c.Directory().WithNewFile("base", "")
	one := base.WithNewFile("one", "")
	two := base.WithNewFile("two", "").WithoutFile("base")
	require.Equal(t, []string{"base"}, entries(t, base))
	require.Equal(t, []string{"base", "one"}, entries(t, one))
	require.Equal(t, []string{"two"}, entries(t, two))
}

func testNewFilesAndFolders(t *testing.T, e *env) {
	d := e.c.Directory().
		WithNewFile("a/b/c.txt", "deep").
		WithNewFile("/rooted", "r").
		WithNewFile("x/../y", "cleaned").
		WithNewFile("../../outside", "stays inside").
		WithNewFile(".hidden", "").
		WithNewFile("mode", "", dagger.DirectoryWithNewFileOpts{Permissions: 0o600}).
		WithNewDirectory("empty/").
		WithNewDirectory("deep/er", dagger.DirectoryWithNewDirectoryOpts{Permissions: 0o700})
	require.Equal(t, []string{".hidden", "a/", "deep/", "empty/", "mode", "outside", "rooted", "y"}, entries(t, d))
	require.Equal(t, []string{"b/"}, entries(t, d.Directory("a")))
	require.Equal(t, "deep", contents(t, d.File("a/b/c.txt")))
	require.Equal(t, lines(
		".hidden file 0644 0:0 0",
		"a dir 0755 0:0 0",
		"a/b dir 0755 0:0 0",
		"a/b/c.txt file 0644 0:0 4",
		"deep dir 0700 0:0 0",
		"deep/er dir 0700 0:0 0",
		"empty dir 0755 0:0 0",
		"mode file 0600 0:0 0",
		"outside file 0644 0:0 12",
		"rooted file 0644 0:0 1",
		"y file 0644 0:0 7",
	), e.tree(t, d))

	again := d.WithNewFile("rooted", "new")
	require.Equal(t, "new", contents(t, again.File("rooted")), "a file is replaced")
	require.Equal(t, "r", contents(t, d.File("rooted")))
	require.Equal(t, []string{"er/"}, entries(t, d.WithNewDirectory("deep").Directory("deep")), "a folder that is there stays")
}

func testOddNames(t *testing.T, e *env) {
	names := []string{" spaces ", "*", "?[a]", "\\", "ümläut", "日本", "new\nline", "-dash", "$HOME", "a\"b'c", "#", "%41", strings.Repeat("n", 255)}
	d := e.c.Directory()
	for _, name := range names {
		d = d.WithNewFile(name, "content of "+name)
	}
	require.ElementsMatch(t, names, entries(t, d))
	for _, name := range names {
		require.Equal(t, "content of "+name, contents(t, d.File(name)), name)
	}
	copied := e.c.Directory().WithDirectory("to", d)
	for _, name := range names {
		require.Equal(t, "content of "+name, contents(t, e.c.Directory().WithFile("x", d.File(name)).File("x")), "copy of %q", name)
		require.Equal(t, "content of "+name, contents(t, copied.File("to/"+name)), name)
	}
	left := d.WithoutFile("new\nline").WithoutFile("ümläut")
	require.Len(t, entries(t, left), len(names)-2)
}

func testWithDirectory(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"a.go": "a", "b.txt": "b", "sub/c.go": "c", "sub/d.txt": "d", "empty/": "", ".hidden": "h"})
	base := e.c.Directory().WithNewFile("a.go", "old").WithNewFile("keep", "k")

	require.Equal(t, []string{".hidden", "a.go", "b.txt", "empty/", "keep", "sub/"}, entries(t, base.WithDirectory("/", src)))
	require.Equal(t, "a", contents(t, base.WithDirectory("/", src).File("a.go")), "what is copied wins")
	require.Equal(t, []string{"a.go", "keep", "to/"}, entries(t, base.WithDirectory("to", src)))
	require.Equal(t, []string{"a.go", "keep", "to/"}, entries(t, base.WithDirectory("to/", src)))
	require.Equal(t, []string{"c.go", "d.txt"}, entries(t, base.WithDirectory("x/y", src.Directory("sub")).Directory("x/y")))

	opts := func(include, exclude []string) []string {
		t.Helper()
		return all(t, e.c.Directory().WithDirectory("/", src, dagger.DirectoryWithDirectoryOpts{Include: include, Exclude: exclude}))
	}
	require.Equal(t, []string{"a.go"}, opts([]string{"*.go"}, nil))
	require.Equal(t, []string{"a.go", "sub/", "sub/c.go"}, opts([]string{"**/*.go"}, nil))
	require.Equal(t, []string{"sub/", "sub/c.go", "sub/d.txt"}, opts([]string{"sub"}, nil))
	require.Equal(t, []string{"sub/", "sub/c.go", "sub/d.txt"}, opts([]string{"sub/"}, nil))
	require.Equal(t, []string{"sub/", "sub/d.txt"}, opts([]string{"sub"}, []string{"**/*.go"}))
	require.Equal(t, []string{".hidden", "a.go", "b.txt", "empty/"}, opts(nil, []string{"sub"}))
	require.Equal(t, []string{"a.go", "b.txt", "empty/", "sub/", "sub/c.go", "sub/d.txt"}, opts(nil, []string{".*"}))
	require.Equal(t, []string{".hidden", "b.txt", "empty/", "sub/", "sub/c.go", "sub/d.txt"}, opts(nil, []string{"**/*.go", "!sub/*.go"}), "! takes an exclusion back")
	require.Empty(t, opts([]string{"nothing"}, nil))

	filtered := src.Filter(dagger.DirectoryFilterOpts{Include: []string{"sub"}, Exclude: []string{"sub/d.*"}})
	require.Equal(t, []string{"sub/", "sub/c.go"}, all(t, filtered))
}

func testCopyOwnerAndPermissions(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"f": "1", "d/g": "2"})
	d := e.c.Directory().
		WithDirectory("plain", src).
		WithDirectory("owned", src, dagger.DirectoryWithDirectoryOpts{Owner: "1000:1001"}).
		WithDirectory("user", src.Directory("d"), dagger.DirectoryWithDirectoryOpts{Owner: "7"}).
		WithFile("file", src.File("f"), dagger.DirectoryWithFileOpts{Owner: "5:6", Permissions: 0o400}).
		WithFiles("files", []*dagger.File{src.File("f"), src.File("d/g")}, dagger.DirectoryWithFilesOpts{Permissions: 0o755})
	require.Equal(t, lines(
		"file file 0400 5:6 1",
		"files dir 0755 0:0 0",
		"files/f file 0755 0:0 1",
		"files/g file 0755 0:0 1",
		"owned dir 0755 1000:1001 0",
		"owned/d dir 0755 1000:1001 0",
		"owned/d/g file 0644 1000:1001 1",
		"owned/f file 0644 1000:1001 1",
		"plain dir 0755 0:0 0",
		"plain/d dir 0755 0:0 0",
		"plain/d/g file 0644 0:0 1",
		"plain/f file 0644 0:0 1",
		"user dir 0755 7:7 0",
		"user/g file 0644 7:7 1",
	), e.tree(t, d))

	require.Equal(t, lines("d dir 0755 0:0 0", "d/g file 0644 3:4 1", "f file 0644 0:0 1"),
		e.tree(t, src.Chown("d/g", "3:4")), "of one file")
	require.Equal(t, lines("d dir 0755 3:4 0", "d/g file 0644 3:4 1", "f file 0644 0:0 1"),
		e.tree(t, src.Chown("d", "3:4")), "of a folder and what is below")
	require.Equal(t, lines("d dir 0755 3:3 0", "d/g file 0644 3:3 1", "f file 0644 3:3 1"),
		e.tree(t, src.Chown("/", "3")))
	require.Equal(t, lines("/m dir 0755 3:3 0"), run(t, e.box(t).WithMountedDirectory("/m", src.Chown("/", "3")), "stat", "/m"))
}

func testSymlinks(t *testing.T, e *env) {
	ctx := t.Context()
	d := e.c.Directory().WithNewFile("real/f", "target").
		WithSymlink("f", "real/link").
		WithSymlink("real", "dirlink").
		WithSymlink("/real/f", "abs").
		WithSymlink("nowhere", "broken").
		WithSymlink("../../../real", "a/b/up")
	require.Equal(t, lines(
		"a dir 0755 0:0 0",
		"a/b dir 0755 0:0 0",
		"a/b/up link 0777 0:0 13 -> ../../../real",
		"abs link 0777 0:0 7 -> /real/f",
		"broken link 0777 0:0 7 -> nowhere",
		"dirlink link 0777 0:0 4 -> real",
		"real dir 0755 0:0 0",
		"real/f file 0644 0:0 6",
		"real/link link 0777 0:0 1 -> f",
	), e.tree(t, d))
	for _, path := range []string{"real/link", "dirlink/f", "abs", "dirlink/link", "a/b/up/f"} {
		require.Equal(t, "target", contents(t, d.File(path)), path)
	}
	require.Equal(t, []string{"f", "link"}, entries(t, d.Directory("dirlink")))
	require.Equal(t, []string{"a/", "abs", "broken", "dirlink", "real/"}, entries(t, d))
	_, err := d.File("broken").Contents(ctx)
	require.ErrorContains(t, err, "broken")

	copied := e.c.Directory().WithDirectory("/", d)
	require.Equal(t, e.tree(t, d), e.tree(t, copied), "links are copied as links")
	require.Equal(t, lines("f file 0644 0:0 6"), e.tree(t, e.c.Directory().WithFile("f", d.File("real/link"))), "a file that a link leads to is a file")
	require.Equal(t, lines("to dir 0755 0:0 0", "to/f file 0644 0:0 6", "to/link link 0777 0:0 1 -> f"),
		e.tree(t, e.c.Directory().WithDirectory("to", d.Directory("dirlink"))), "so is a folder")

	through := d.WithNewFile("dirlink/new", "through the link")
	require.Equal(t, "through the link", contents(t, through.File("real/new")))
	require.Equal(t, []string{"link"}, entries(t, d.WithoutFile("dirlink/f").Directory("real")))
	require.Contains(t, entries(t, d.WithoutFile("real/link").Directory("real")), "f", "removing a link leaves its target")
	require.Contains(t, entries(t, d.WithoutDirectory("dirlink")), "real/")
}

func testWithout(t *testing.T, e *env) {
	d := e.treeOf(map[string]string{"a": "", "b": "", "c.txt": "", "d.txt": "", "sub/x": "", "sub/y/z": ""})
	require.Equal(t, []string{"b", "c.txt", "d.txt", "sub/"}, entries(t, d.WithoutFile("a")))
	require.Equal(t, []string{"c.txt", "d.txt", "sub/"}, entries(t, d.WithoutFiles([]string{"a", "b", "none"})))
	require.Equal(t, []string{"a", "b", "c.txt", "d.txt"}, entries(t, d.WithoutDirectory("sub")))
	require.Equal(t, []string{"x"}, entries(t, d.WithoutDirectory("sub/y").Directory("sub")))
	require.Equal(t, []string{"x"}, entries(t, d.WithoutDirectory("sub/y/").Directory("sub")))
	require.Equal(t, []string{"a", "b", "sub/"}, entries(t, d.WithoutFile("*.txt")), "patterns")
	require.Equal(t, entries(t, d), entries(t, d.WithoutFile("not/there")))
	require.Equal(t, []string{"b", "c.txt", "d.txt", "sub/"}, entries(t, d.WithoutFile("../../a")))
}

func testSubdirectories(t *testing.T, e *env) {
	ctx := t.Context()
	d := e.treeOf(map[string]string{"top": "", "sub/f": "f", "sub/deep/g": "g"})
	sub := d.Directory("sub")
	name, err := sub.Name(ctx)
	require.NoError(t, err)
	require.Equal(t, "sub/", name)
	require.Equal(t, "f", contents(t, sub.File("f")))
	require.Equal(t, "f", contents(t, sub.File("../../f")), "a directory is the root of its paths")
	require.Equal(t, []string{"deep/", "f"}, entries(t, sub.Directory(".")))
	require.Equal(t, []string{"deep/", "f", "new"}, entries(t, sub.WithNewFile("new", "")))
	require.Equal(t, []string{"f", "deep/"}, func() []string {
		names := entries(t, sub.WithDirectory("/", e.c.Directory()))
		return []string{names[1], names[0]}
	}())
	require.Equal(t, lines("deep dir 0755 0:0 0", "deep/g file 0644 0:0 1", "f file 0644 0:0 1"), e.tree(t, sub))
	names, err := d.Entries(ctx, dagger.DirectoryEntriesOpts{Path: "sub/deep"})
	require.NoError(t, err)
	require.Equal(t, []string{"g"}, names)

	_, err = d.Directory("none").Sync(ctx)
	require.ErrorContains(t, err, "none")
	_, err = d.Directory("top").Sync(ctx)
	require.ErrorContains(t, err, "is a file, not a directory")
	_, err = d.File("sub").Sync(ctx)
	require.ErrorContains(t, err, "is a directory, not a file")
	_, err = d.File("sub").Contents(ctx)
	require.ErrorContains(t, err, "is a directory, not a file")
	_, err = d.Directory("top").Entries(ctx)
	require.ErrorContains(t, err, "not a directory")
}

func testGlob(t *testing.T, e *env) {
	d := e.treeOf(map[string]string{"a.go": "", "b.txt": "", "sub/c.go": "", "sub/deep/d.go": "", ".git/config": "", "empty/": ""})
	for pattern, want := range map[string][]string{
		"*.go":           {"a.go"},
		"**/*.go":        {"a.go", "sub/c.go", "sub/deep/d.go"},
		"sub/*":          {"sub/c.go", "sub/deep/"},
		"*/":             nil,
		"*":              {".git/", "a.go", "b.txt", "empty/", "sub/"},
		"s*/**/*.go":     {"sub/c.go", "sub/deep/d.go"},
		"{a,b}.*":        {"a.go", "b.txt"},
		"[ab].*":         {"a.go", "b.txt"},
		"?.go":           {"a.go"},
		".git/**":        {".git/config"},
		"nothing/here/*": {},
	} {
		if want == nil {
			continue // differs between matchers
		}
		got, err := d.Glob(t.Context(), pattern)
		require.NoError(t, err)
		if pattern == ".git/**" {
			require.Contains(t, got, ".git/config")
			continue
		}
		require.Equal(t, want, got, pattern)
	}
	got, err := d.Directory("sub").Glob(t.Context(), "**/*.go")
	require.NoError(t, err)
	require.Equal(t, []string{"c.go", "deep/d.go"}, got)
	_, err = d.Glob(t.Context(), "[")
	require.ErrorContains(t, err, "invalid glob pattern")
}

func testExistsAndStat(t *testing.T, e *env) {
	ctx := t.Context()
	d := e.c.Directory().WithNewFile("f", "12345", dagger.DirectoryWithNewFileOpts{Permissions: 0o640}).
		WithNewDirectory("d", dagger.DirectoryWithNewDirectoryOpts{Permissions: 0o750}).
		WithSymlink("f", "link").WithSymlink("d", "dlink").WithSymlink("none", "broken")
	exists := func(path string, want dagger.ExistsType, noFollow bool) bool {
		t.Helper()
		ok, err := d.Exists(ctx, path, dagger.DirectoryExistsOpts{ExpectedType: want, DoNotFollowSymlinks: noFollow})
		require.NoError(t, err)
		inContainer, err := e.c.Container().WithDirectory("/x", d).WithWorkdir("/x").
			Exists(ctx, path, dagger.ContainerExistsOpts{ExpectedType: want, DoNotFollowSymlinks: noFollow})
		require.NoError(t, err)
		require.Equal(t, ok, inContainer)
		return ok
	}
	const file, folder, link = dagger.ExistsTypeRegularType, dagger.ExistsTypeDirectoryType, dagger.ExistsTypeSymlinkType
	require.True(t, exists("f", "", false))
	require.True(t, exists("./d/../f", "", false))
	require.True(t, exists("f", file, false))
	require.False(t, exists("f", folder, false))
	require.False(t, exists("f", link, false))
	require.True(t, exists("d", folder, false))
	require.True(t, exists("link", "", false))
	require.True(t, exists("link", file, false))
	require.True(t, exists("link", link, false))
	require.True(t, exists("link", link, true))
	require.False(t, exists("link", file, true))
	require.True(t, exists("dlink", folder, false))
	require.False(t, exists("dlink", folder, true))
	require.False(t, exists("broken", "", false))
	require.True(t, exists("broken", "", true))
	require.False(t, exists("none", "", false))
	require.False(t, exists("none/below", "", false))
	require.False(t, exists("f/below", "", false))

	stat := func(path string, noFollow bool) []any {
		t.Helper()
		return statOf(t, d.Stat(path, dagger.DirectoryStatOpts{DoNotFollowSymlinks: noFollow}))
	}
	require.Equal(t, []any{"f", dagger.FileTypeRegular, 0o640, 5}, stat("f", false))
	require.Equal(t, []any{"d", dagger.FileTypeDirectory, 0o750}, stat("d", false)[:3])
	require.Equal(t, dagger.FileTypeRegular, stat("link", false)[1])
	require.Equal(t, []any{"link", dagger.FileTypeSymlink, 0o777, 1}, stat("link", true))
	require.Equal(t, dagger.FileTypeDirectory, stat("/", false)[1])
	require.Equal(t, []any{"f", dagger.FileTypeRegular, 0o640, 5}, statOf(t, d.File("f").Stat()))
	require.Equal(t, []any{"f", dagger.FileTypeRegular, 0o640, 5}, statOf(t, e.c.Container().WithDirectory("/x", d).Stat("/x/f")))
	_, err := d.Stat("none").Size(ctx)
	require.ErrorContains(t, err, "none")
}

func testDiff(t *testing.T, e *env) {
	one := e.treeOf(map[string]string{"same": "s", "changed": "1", "gone": "g", "sub/a": "a"})
	two := one.WithNewFile("changed", "2").WithoutFile("gone").WithNewFile("sub/new", "n")
	diff := one.Diff(two)
	require.Equal(t, []string{"changed", "sub/", "sub/new"}, all(t, diff))
	require.Equal(t, "2", contents(t, diff.File("changed")))
	require.Empty(t, all(t, one.Diff(one)))
	require.Equal(t, []string{"f"}, all(t, e.c.Directory().Diff(e.c.Directory().WithNewFile("f", ""))))
	require.Equal(t, []string{"new"}, all(t, one.Directory("sub").Diff(two.Directory("sub"))))
}

func testTimestamps(t *testing.T, e *env) {
	const when = 1234567890
	d := e.treeOf(map[string]string{"f": "", "sub/g": ""}).WithSymlink("f", "link").WithTimestamps(when)
	box := e.box(t).WithMountedDirectory("/t", d).WithWorkdir("/t")
	require.Equal(t, lines("f 1234567890", "sub 1234567890", "sub/g 1234567890"), run(t, box, "mtime", "f", "sub", "sub/g"))
	f := e.treeOf(map[string]string{"f": "x"}).File("f").WithTimestamps(when)
	require.Equal(t, "x", contents(t, f))
	require.Equal(t, lines("/f 1234567890"), run(t, e.box(t).WithFile("/f", f), "mtime", "/f"))
}

func testWithError(t *testing.T, e *env) {
	_, err := e.c.Directory().WithError("no such luck").Entries(t.Context())
	require.ErrorContains(t, err, "no such luck")
	_, err = e.c.Container().WithError("no such luck").WithWorkdir("/").Sync(t.Context())
	require.ErrorContains(t, err, "no such luck")
	_, err = e.c.Directory().WithError("").Entries(t.Context())
	require.NoError(t, err)
}

func testGitignore(t *testing.T, e *env) {
	files := map[string]string{
		".gitignore": "*.log\n/build/\n!keep.log\n# comment\n\nnested/only.txt\n", "a.go": "", "x.log": "", "keep.log": "",
		"build/out": "", "sub/build/out": "", "sub/y.log": "", "sub/.gitignore": "local\n", "sub/local": "", "local": "", "nested/only.txt": "", "nested/other.txt": "",
	}
	want := []string{".gitignore", "a.go", "keep.log", "local", "nested/", "nested/other.txt", "sub/", "sub/.gitignore", "sub/build/", "sub/build/out"}
	d := e.treeOf(files)
	require.Equal(t, want, all(t, d.Filter(dagger.DirectoryFilterOpts{Gitignore: true})))
	require.Equal(t, want, all(t, e.c.Directory().WithDirectory("/", d, dagger.DirectoryWithDirectoryOpts{Gitignore: true})))
	require.Equal(t, want, all(t, e.c.Container().WithDirectory("/x", d, dagger.ContainerWithDirectoryOpts{Gitignore: true}).Directory("/x")))
	require.Equal(t, want, all(t, e.c.Host().Directory(hostTree(t, files), dagger.HostDirectoryOpts{Gitignore: true})))
	require.Equal(t, []string{"a.go"}, all(t, d.Filter(dagger.DirectoryFilterOpts{Gitignore: true, Include: []string{"*.go"}})))
	plain := e.treeOf(map[string]string{"a": ""})
	require.Equal(t, []string{"a"}, all(t, plain.Filter(dagger.DirectoryFilterOpts{Gitignore: true})), "without such a file")
}
