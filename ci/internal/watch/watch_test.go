package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree is a folder that is watched.
type tree struct {
	t   *testing.T
	dir string
	*Watcher
}

func newTree(t *testing.T, files ...string) tree {
	t.Helper()
	tr := tree{t: t, dir: t.TempDir()}
	for _, name := range files {
		tr.write(name, "")
	}
	w, err := New([]Folder{{Dir: tr.dir, Exclude: []string{".git", "out/dist"}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	tr.Watcher = w
	return tr
}

func (tr tree) path(name string) string { return filepath.Join(tr.dir, filepath.FromSlash(name)) }

func (tr tree) write(name, content string) {
	tr.t.Helper()
	require.NoError(tr.t, os.MkdirAll(filepath.Dir(tr.path(name)), 0o755))
	require.NoError(tr.t, os.WriteFile(tr.path(name), []byte(content), 0o644))
}

// next returns what changed, relative to the folder.
func (tr tree) next() []string {
	tr.t.Helper()
	changed, err := tr.Next(tr.t.Context())
	require.NoError(tr.t, err)
	for i, path := range changed {
		rel, err := filepath.Rel(tr.dir, path)
		require.NoError(tr.t, err)
		changed[i] = filepath.ToSlash(rel)
	}
	return changed
}

func TestChanges(t *testing.T) {
	tr := newTree(t, "a.go", "sub/b.go", "sub/c.go")
	tr.write("sub/b.go", "changed")
	require.Equal(t, []string{"sub/b.go"}, tr.next())

	tr.write("new/deep/d.go", "")
	require.Equal(t, []string{"new", "new/deep", "new/deep/d.go"}, tr.next())
	tr.write("new/deep/d.go", "changed")
	require.Equal(t, []string{"new/deep/d.go"}, tr.next(), "a new folder is watched")

	require.NoError(t, os.Rename(tr.path("new"), tr.path("old")))
	require.Equal(t, []string{"new", "new/deep", "new/deep/d.go", "old", "old/deep", "old/deep/d.go"}, tr.next())
	tr.write("old/deep/d.go", "")
	require.Equal(t, []string{"old/deep/d.go"}, tr.next(), "so is one that was renamed")

	require.NoError(t, os.Chmod(tr.path("a.go"), 0o755))
	require.NoError(t, os.Remove(tr.path("sub/c.go")))
	require.Equal(t, []string{"a.go", "sub/c.go"}, tr.next())
}

func TestChangesBetweenTwoCalls(t *testing.T) {
	tr := newTree(t, "a.go", "b.go")
	tr.write("a.go", "1")
	require.Equal(t, []string{"a.go"}, tr.next())
	tr.write("a.go", "2, and nobody waits")
	tr.write("b.go", "3")
	require.Equal(t, []string{"a.go", "b.go"}, tr.next())
}

func TestWhatDoesNotMatter(t *testing.T) {
	tr := newTree(t, "a.go", ".git/index", "out/dist/app", "sub/keep.log")
	tr.write(".gitignore", "*.log\nbuild/\n!keep.log\n")
	tr.write("sub/.gitignore", "/only-here\n")
	require.Equal(t, []string{".gitignore", "sub/.gitignore"}, tr.next())
	for _, name := range []string{".git/index", "out/dist/app", "x.log", "build/b.go", "sub/only-here"} {
		tr.write(name, "changed")
	}
	tr.write("swap~", "")
	require.NoError(t, os.Remove(tr.path("swap~")), "as editors do")
	tr.write("sub/keep.log", "changed")
	tr.write("only-here", "")
	require.Equal(t, []string{"only-here", "sub/keep.log"}, tr.next())

	tr.write(".gitignore", "build/\n")
	require.Equal(t, []string{".gitignore", "x.log"}, tr.next(), "no longer ignored")
	tr.write("x.log", "changed again")
	require.Equal(t, []string{"x.log"}, tr.next())
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	tr := newTree(t, "a.go")
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	_, err := tr.Next(ctx)
	require.ErrorIs(t, err, stopped)
}

func TestFolderThatGoes(t *testing.T) {
	_, err := New([]Folder{{Dir: filepath.Join(t.TempDir(), "none")}})
	require.ErrorIs(t, err, os.ErrNotExist)

	tr := newTree(t, "a.go")
	require.NoError(t, os.RemoveAll(tr.dir))
	_, err = tr.Next(t.Context())
	require.ErrorIs(t, err, os.ErrNotExist)
}
