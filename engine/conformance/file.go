package conformance

import (
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func testFile(t *testing.T, e *env) {
	ctx := t.Context()
	f := e.c.File("hello.txt", "some text\n", dagger.FileOpts{Permissions: 0o755})
	require.Equal(t, "some text\n", contents(t, f))
	name, err := f.Name(ctx)
	require.NoError(t, err)
	require.Equal(t, "hello.txt", name)
	size, err := f.Size(ctx)
	require.NoError(t, err)
	require.Equal(t, 10, size)
	require.Equal(t, []any{"hello.txt", dagger.FileTypeRegular, 0o755, 10}, statOf(t, f.Stat()))
	_, err = f.Sync(ctx)
	require.NoError(t, err)
	for _, bad := range []string{"", "a/b", "/a"} {
		_, err := e.c.File(bad, "").Sync(ctx)
		require.ErrorContains(t, err, "invalid file name")
	}
	require.Empty(t, contents(t, e.c.File("empty", "")))
}

func testFileContentsByLines(t *testing.T, e *env) {
	f := e.c.File("f", "one\ntwo\nthree\nfour")
	part := func(offset, limit int) string {
		t.Helper()
		text, err := f.Contents(t.Context(), dagger.FileContentsOpts{OffsetLines: offset, LimitLines: limit})
		require.NoError(t, err)
		return text
	}
	require.Equal(t, "one\ntwo\nthree\nfour", part(0, 0))
	require.Equal(t, "two\nthree\nfour", part(1, 0))
	require.Equal(t, "one\ntwo\n", part(0, 2))
	require.Equal(t, "two\n", part(1, 1))
	require.Equal(t, "four", part(3, 5))
	require.Empty(t, part(10, 1))
}

func testFileDigest(t *testing.T, e *env) {
	digest := func(f *dagger.File, bare bool) string {
		t.Helper()
		sum, err := f.Digest(t.Context(), dagger.FileDigestOpts{ExcludeMetadata: bare})
		require.NoError(t, err)
		return sum
	}
	f := e.c.File("f", "content")
	require.Equal(t, "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73", digest(f, true), "that of the bytes")
	require.Equal(t, digest(f, true), digest(f.Chown("7").WithTimestamps(7), true))
	require.Equal(t, digest(f, false), digest(e.c.File("f", "content"), false))
	require.NotEqual(t, digest(f, false), digest(e.c.File("f", "content", dagger.FileOpts{Permissions: 0o600}), false))
	require.NotEqual(t, digest(f, true), digest(e.c.File("f", "other"), true))
}

func testFileName(t *testing.T, e *env) {
	ctx := t.Context()
	d := e.c.Directory().WithNewFile("a/b", "x", dagger.DirectoryWithNewFileOpts{Permissions: 0o600})
	f := d.File("a/b").WithName("c")
	name, err := f.Name(ctx)
	require.NoError(t, err)
	require.Equal(t, "c", name)
	require.Equal(t, "x", contents(t, f))
	require.Equal(t, lines("c file 0600 0:0 1", "dir dir 0755 0:0 0", "dir/c file 0600 0:0 1"),
		e.tree(t, e.c.Directory().WithFiles(".", []*dagger.File{f}).WithFiles("dir", []*dagger.File{f})))
}

func testWithFileDestinations(t *testing.T, e *env) {
	f := e.c.File("name", "x")
	at := func(d *dagger.Directory) []string { t.Helper(); return all(t, d) }
	require.Equal(t, []string{"other"}, at(e.c.Directory().WithFile("other", f)))
	require.Equal(t, []string{"a/", "a/b/", "a/b/c"}, at(e.c.Directory().WithFile("a/b/c", f)))
	require.Equal(t, []string{"a/", "a/name"}, at(e.c.Directory().WithFile("a/", f)), "into a folder")
	require.Equal(t, []string{"a/", "a/name"}, at(e.c.Directory().WithNewDirectory("a").WithFile("a/", f)))
	require.Equal(t, []string{"a/", "a/name"}, at(e.c.Directory().WithNewDirectory("a").WithFile("a", f)), "also when only what is there tells")
	replaced := e.c.Directory().WithNewFile("other", "longer than before").WithFile("other", f)
	require.Equal(t, "x", contents(t, replaced.File("other")))
}

func testWithReplaced(t *testing.T, e *env) {
	ctx := t.Context()
	f := e.c.File("f", "one two\ntwo three\ntwo\n", dagger.FileOpts{Permissions: 0o640})
	require.Equal(t, "1 two\ntwo three\ntwo\n", contents(t, f.WithReplaced("one", "1")))
	require.Equal(t, "one 2\n2 three\n2\n", contents(t, f.WithReplaced("two", "2", dagger.FileWithReplacedOpts{All: true})))
	require.Equal(t, "one two\n2 three\ntwo\n", contents(t, f.WithReplaced("two", "2", dagger.FileWithReplacedOpts{FirstFrom: 2})))
	require.Equal(t, "one two\ntwo three\n2\n", contents(t, f.WithReplaced("two", "2", dagger.FileWithReplacedOpts{FirstFrom: 3})))
	require.Equal(t, "one X three\ntwo\n", contents(t, f.WithReplaced("two\ntwo", "X")), "across lines")
	require.Equal(t, "one two\n3\ntwo\n", contents(t, f.WithReplaced("two three", "3")))
	require.Equal(t, contents(t, f), contents(t, f.WithReplaced("none", "x", dagger.FileWithReplacedOpts{All: true})), "all of none is no error")
	require.Equal(t, 0o640, statOf(t, f.WithReplaced("one", "1").Stat())[2], "permissions stay")
	_, err := f.WithReplaced("none", "x").Contents(ctx)
	require.ErrorContains(t, err, `"none" is not there`)
	_, err = f.WithReplaced("two", "2").Contents(ctx)
	require.ErrorContains(t, err, "3 times", "which of them is not clear")
	_, err = f.WithReplaced("one", "1", dagger.FileWithReplacedOpts{FirstFrom: 2}).Contents(ctx)
	require.ErrorContains(t, err, `"one" is not there`)
}

func testFileOwner(t *testing.T, e *env) {
	d := e.c.Directory().WithFile("f", e.c.File("f", "x").Chown("3:4"))
	require.Equal(t, lines("f file 0644 3:4 1"), e.tree(t, d))
}

func testBigFile(t *testing.T, e *env) {
	const size = 50 << 20
	f := e.box(t).WithExec(box("fill", "52428800"), dagger.ContainerWithExecOpts{RedirectStdout: "/big"}).File("/big")
	n, err := f.Size(t.Context())
	require.NoError(t, err)
	require.Equal(t, size, n)
	text := contents(t, f)
	require.Len(t, text, size)
	require.True(t, strings.HasPrefix(text, "000000000 x") && strings.HasSuffix(text, "x\n"))
	require.Contains(t, text[size-64:], "000819199 x")
}
