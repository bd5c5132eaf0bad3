package engine_test

import (
	"fmt"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// results shows what was found: path:line:offset:lines, and start-end=text of each match.
func results(t *testing.T, found []dagger.SearchResult, err error) []string {
	t.Helper()
	require.NoError(t, err)
	out := []string{}
	for _, r := range found {
		path, err := r.FilePath(t.Context())
		require.NoError(t, err)
		line, err := r.LineNumber(t.Context())
		require.NoError(t, err)
		if line == 0 {
			out = append(out, path)
			continue
		}
		offset, err := r.AbsoluteOffset(t.Context())
		require.NoError(t, err)
		text, err := r.MatchedLines(t.Context())
		require.NoError(t, err)
		shown := fmt.Sprintf("%s:%d:%d:%s", path, line, offset, text)
		matches, err := r.Submatches(t.Context())
		require.NoError(t, err)
		for _, m := range matches {
			text, err := m.Text(t.Context())
			require.NoError(t, err)
			start, err := m.Start(t.Context())
			require.NoError(t, err)
			end, err := m.End(t.Context())
			require.NoError(t, err)
			shown += fmt.Sprintf("|%d-%d=%s", start, end, text)
		}
		out = append(out, shown)
	}
	return out
}

func TestSearch(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		d := e.treeOf(map[string]string{
			"a.go": "package a\n\nfunc A() {}\nfunc b() {}\n", "sub/b.go": "package b // func\n", "notes.md": "a.b\nafb\nFUNC\n",
			".hidden/c": "func\n", ".env": "func=1\n", "binary": "func\x00\x01", "last": "no newline: func", "empty": "",
		}).WithSymlink("a.go", "link")
		find := func(pattern string, o dagger.DirectorySearchOpts) []string {
			t.Helper()
			found, err := d.Search(t.Context(), pattern, o)
			return results(t, found, err)
		}
		require.Equal(t, []string{
			".env:1:0:func=1\n|0-4=func", ".hidden/c:1:0:func\n|0-4=func", "a.go:3:11:func A() {}\n|0-4=func", "a.go:4:23:func b() {}\n|0-4=func",
			"last:1:0:no newline: func|12-16=func", "sub/b.go:1:0:package b // func\n|13-17=func",
		}, find("func", dagger.DirectorySearchOpts{}))
		require.Equal(t, []string{"a.go:3:11:func A() {}\n|0-6=func A"}, find(`func [A-Z]`, dagger.DirectorySearchOpts{}))
		require.Equal(t, []string{"notes.md:1:0:a.b\n|0-3=a.b"}, find("a.b", dagger.DirectorySearchOpts{Literal: true}))
		require.Equal(t, []string{"notes.md:1:0:a.b\n|0-3=a.b", "notes.md:2:4:afb\n|0-3=afb"}, find("^a.b$", dagger.DirectorySearchOpts{}))
		require.Contains(t, find("func", dagger.DirectorySearchOpts{Insensitive: true}), "notes.md:3:8:FUNC\n|0-4=FUNC")
		require.Equal(t, []string{"a.go", "last", "sub/b.go"}, find("func", dagger.DirectorySearchOpts{FilesOnly: true, SkipHidden: true}))
		require.Len(t, find("func", dagger.DirectorySearchOpts{Limit: 2}), 2)
		require.Equal(t, []string{"sub/b.go:1:0:package b // func\n|13-17=func"}, find("func", dagger.DirectorySearchOpts{Paths: []string{"sub"}}))
		require.Equal(t, []string{"a.go"}, find("func", dagger.DirectorySearchOpts{Paths: []string{"./a.go"}, FilesOnly: true}))
		require.Equal(t, []string{"a.go:3:11:func A() {}\n|0-1=f|5-6=A", "a.go:4:23:func b() {}\n|0-1=f"}, find("f|A", dagger.DirectorySearchOpts{Paths: []string{"a.go"}}), "two matches in a line")
		require.Empty(t, find("{}\nfunc", dagger.DirectorySearchOpts{}))
		require.Equal(t, []string{"a.go:3:11:func A() {}\nfunc b() {}\n|9-16={}\nfunc"}, find("{}\nfunc", dagger.DirectorySearchOpts{Multiline: true}))
		require.Empty(t, find("A.*b", dagger.DirectorySearchOpts{Multiline: true}))
		require.Equal(t, []string{"a.go:3:11:func A() {}\nfunc b() {}\n|5-18=A() {}\nfunc b"}, find("A.*b", dagger.DirectorySearchOpts{Multiline: true, Dotall: true}))
		require.Empty(t, find("nothing has this", dagger.DirectorySearchOpts{}))
		require.Equal(t, []string{"b.go:1:0:package b // func\n|0-7=package"}, func() []string {
			found, err := d.Directory("sub").Search(t.Context(), "package")
			return results(t, found, err)
		}())

		globs := func(patterns ...string) []string {
			return find("func", dagger.DirectorySearchOpts{FilesOnly: true, Globs: patterns})
		}
		require.Equal(t, []string{"a.go", "sub/b.go"}, globs("*.go"))
		require.Equal(t, []string{"a.go"}, globs("/*.go"))
		require.Equal(t, []string{".env", ".hidden/c", "last"}, globs("!*.go"))
		require.Equal(t, []string{"a.go"}, globs("*.go", "!sub"))
		require.Equal(t, []string{"sub/b.go"}, globs("sub/**"))
		require.Equal(t, []string{"a.go", "last", "sub/b.go"}, globs("{last,*.go}"))

		_, err := d.Search(t.Context(), "(", dagger.DirectorySearchOpts{})
		require.ErrorContains(t, err, `invalid pattern "("`)
		_, err = d.Search(t.Context(), "x", dagger.DirectorySearchOpts{Paths: []string{"none"}})
		require.ErrorContains(t, err, "none is not in the directory")
		_, err = d.Directory("none").Search(t.Context(), "x")
		require.ErrorContains(t, err, "none")
	})
}

func TestSearchSkipsIgnored(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		d := e.treeOf(map[string]string{
			".gitignore": "# comment\n*.log\n/build/\n!keep.log\ndoc/*.txt\n", "a.log": "x", "keep.log": "x", "build/out": "x", "sub/build/in": "x", "doc/a.txt": "x", "doc/b/a.txt": "x",
			"sub/.ignore": "*.tmp\n", "sub/a.tmp": "x", "a.tmp": "x", ".rgignore": "odd*\n", "odd1": "x", "sub/odd2": "x", "plain": "x",
		})
		search := func(o dagger.DirectorySearchOpts) []string {
			t.Helper()
			o.FilesOnly = true
			found, err := d.Search(t.Context(), "^x", o)
			return results(t, found, err)
		}
		require.Equal(t, []string{"a.tmp", "doc/b/a.txt", "keep.log", "plain", "sub/build/in"}, search(dagger.DirectorySearchOpts{SkipIgnored: true}))
		require.Len(t, search(dagger.DirectorySearchOpts{}), 11)
		require.Equal(t, []string{"sub/build/in"}, search(dagger.DirectorySearchOpts{SkipIgnored: true, Paths: []string{"sub"}}), "files above count")
	})
}

func TestFileSearch(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		f := e.treeOf(map[string]string{"d/f.txt": "one\ntwo\none and two\n"}).File("d/f.txt")
		found, err := f.Search(t.Context(), "two$", dagger.FileSearchOpts{})
		require.Equal(t, []string{"f.txt:2:4:two\n|0-3=two", "f.txt:3:8:one and two\n|8-11=two"}, results(t, found, err))
		found, err = f.Search(t.Context(), "ONE", dagger.FileSearchOpts{Insensitive: true, Limit: 1})
		require.Equal(t, []string{"f.txt:1:0:one\n|0-3=one"}, results(t, found, err))
		_, err = e.c.Directory().File("none").Search(t.Context(), "x")
		require.ErrorContains(t, err, "none")
	})
}
