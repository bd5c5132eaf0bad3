package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// changed lists what a changeset adds, modifies and removes.
func changed(t *testing.T, c *dagger.Changeset) [3][]string {
	t.Helper()
	var all [3][]string
	for i, list := range []func(context.Context) ([]string, error){c.AddedPaths, c.ModifiedPaths, c.RemovedPaths} {
		paths, err := list(t.Context())
		require.NoError(t, err)
		all[i] = paths
	}
	return all
}

func TestChangeset(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		before := e.treeOf(map[string]string{
			"same": "s", "edited": "one", "removed": "r", "folder/x": "x", "folder/y": "y", "mixed/stays": "s", "mixed/goes": "g", "kind": "file", "mode": "m",
		}).WithSymlink("same", "link")
		after := before.WithNewFile("edited", "two").WithoutFile("removed").WithoutDirectory("folder").WithoutFile("mixed/goes").
			WithNewFile("new", "n").WithNewFile("sub/dir/deep", "d").WithNewDirectory("empty").
			WithoutFile("link").WithSymlink("edited", "link").WithoutFile("kind").WithNewFile("kind/now", "a folder").
			WithNewFile("mode", "m", dagger.DirectoryWithNewFileOpts{Permissions: 0o755})
		changes := after.Changes(before)
		require.Equal(t, [3][]string{
			{"empty/", "kind/", "kind/now", "new", "sub/", "sub/dir/", "sub/dir/deep"},
			{"edited", "link", "mode"},
			{"folder/", "kind", "mixed/goes", "removed"},
		}, changed(t, changes))
		require.Equal(t, e.tree(t, before), e.tree(t, changes.Before()))
		require.Equal(t, e.tree(t, after), e.tree(t, changes.After()))
		require.Equal(t, []string{"edited", "empty/", "kind/", "kind/now", "link", "mode", "new", "sub/", "sub/dir/", "sub/dir/deep"}, all(t, changes.Layer()))
		require.Equal(t, e.tree(t, after), e.tree(t, before.WithChanges(changes)))

		other := e.treeOf(map[string]string{"mine": "m", "folder/z": "z", "removed": "other", "kind": "k"})
		require.Equal(t, lines("edited file 0644 0:0 3", "empty dir 0755 0:0 0", "kind dir 0755 0:0 0", "kind/now file 0644 0:0 8", "link link 0777 0:0 6 -> edited",
			"mine file 0644 0:0 1", "mode file 0755 0:0 1", "new file 0644 0:0 1", "sub dir 0755 0:0 0", "sub/dir dir 0755 0:0 0", "sub/dir/deep file 0644 0:0 1"),
			e.tree(t, other.WithChanges(changes)))

		synced, err := changes.Sync(t.Context())
		require.NoError(t, err)
		empty, err := synced.IsEmpty(t.Context())
		require.NoError(t, err)
		require.False(t, empty)
	})
}

func TestChangesetOfNothing(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		same := e.treeOf(map[string]string{"a": "1", "b/c": "2"})
		for name, c := range map[string]*dagger.Changeset{
			"empty": e.c.Changeset(), "itself": same.Changes(same),
			"times":  same.WithTimestamps(1).Changes(same),
			"owners": same.Chown("/", "5:5").Changes(same),
		} {
			empty, err := c.IsEmpty(t.Context())
			require.NoError(t, err, name)
			require.True(t, empty, name)
			require.Equal(t, [3][]string{{}, {}, {}}, changed(t, c), name)
			require.Empty(t, all(t, c.Layer()), name)
		}
		require.Equal(t, e.tree(t, same), e.tree(t, same.WithChanges(e.c.Changeset())))
		// The same size and time are not the same content.
		one, two := e.treeOf(map[string]string{"f": "aaa"}).WithTimestamps(7), e.treeOf(map[string]string{"f": "bbb"}).WithTimestamps(7)
		require.Equal(t, [3][]string{{}, {"f"}, {}}, changed(t, two.Changes(one)))
	})
}

func TestChangesetOfPartsAndHostFolders(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		path := hostTree(t, map[string]string{"src/main.go": "package main", "src/gone.go": "x", "README": "r"})
		host := e.c.Host().Directory(path)
		src := host.Directory("src")
		after := src.WithNewFile("new.go", "n").WithoutFile("gone.go")
		changes := after.Changes(src)
		require.Equal(t, [3][]string{{"new.go"}, {}, {"gone.go"}}, changed(t, changes))
		require.Equal(t, []string{"main.go", "new.go"}, entries(t, src.WithChanges(changes)))
		require.Equal(t, []string{"README", "new.go", "src/"}, entries(t, host.WithChanges(changes)), "a folder of the host, which is not changed itself")
		require.Equal(t, []string{"main.go", "new.go"}, entries(t, e.c.Directory().WithDirectory("a/b", src).Directory("a/b").WithChanges(changes)))
		exec := e.box(t).WithMountedDirectory("/src", src).WithWorkdir("/src").WithExec(box("write", "main.go", "formatted"))
		require.Equal(t, [3][]string{{}, {"main.go"}, {}}, changed(t, exec.Directory("/src").Changes(src)))

		_, err := src.Changes(src.Directory("none")).IsEmpty(t.Context())
		require.ErrorContains(t, err, "none")
	})
}

func TestChangesetExport(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		target := hostTree(t, map[string]string{"keep": "k", "edit": "old", "gone": "g", "dir/a": "a", "dir/b": "b", "turns": "file"})
		before := e.c.Host().Directory(target)
		after := before.WithNewFile("edit", "new").WithoutFile("gone").WithoutDirectory("dir").WithNewFile("added/x", "x").WithoutFile("turns").WithNewFile("turns/into", "a folder")
		path, err := after.Changes(before).Export(ctx, target)
		require.NoError(t, err)
		require.Equal(t, target, path)
		require.ElementsMatch(t, []string{"keep", "edit", "added", "turns"}, names(t, target))
		content, err := os.ReadFile(filepath.Join(target, "edit"))
		require.NoError(t, err)
		require.Equal(t, "new", string(content))
		require.Equal(t, []string{"into"}, names(t, filepath.Join(target, "turns")))

		fresh := filepath.Join(t.TempDir(), "new", "place")
		_, err = after.Changes(before).Export(ctx, fresh)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"edit", "added", "turns"}, names(t, fresh))

		blocked := hostTree(t, map[string]string{"edit/is-a-folder": "", "gone": "g", "dir/a": "a"})
		_, err = after.Changes(before).Export(ctx, blocked)
		require.ErrorContains(t, err, "in the way")
		require.ElementsMatch(t, []string{"edit", "gone", "dir"}, names(t, blocked), "nothing is lost")

		outside := hostTree(t, map[string]string{"gone": "mine"})
		linked := hostTree(t, nil)
		require.NoError(t, os.Symlink(outside, filepath.Join(linked, "dir")))
		removes := e.c.Directory().WithNewDirectory("dir").Changes(e.treeOf(map[string]string{"dir/gone": ""}))
		_, err = removes.Export(ctx, linked)
		require.Error(t, err)
		require.Equal(t, []string{"gone"}, names(t, outside), "links do not lead out of the target")
	})
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	require.NoError(t, err)
	var all []string
	for _, entry := range found {
		all = append(all, entry.Name())
	}
	return all
}

func TestDirectoryDigest(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		of := func(d *dagger.Directory) string {
			t.Helper()
			sum, err := d.Digest(t.Context())
			require.NoError(t, err)
			require.Regexp(t, "^sha256:[0-9a-f]{64}$", sum)
			return sum
		}
		d := e.treeOf(map[string]string{"a": "1", "b/c": "2", "e/": ""}).WithSymlink("a", "l")
		sum := of(d)
		require.Equal(t, sum, of(d.WithTimestamps(1)), "times do not count")
		require.Equal(t, sum, of(e.c.Directory().WithDirectory("x", d).Directory("x")), "nor where it lies")
		seen := map[string]string{sum: "itself"}
		for name, other := range map[string]*dagger.Directory{
			"content": d.WithNewFile("a", "2"), "name": d.WithoutFile("a").WithNewFile("A", "1"), "mode": d.WithNewFile("a", "1", dagger.DirectoryWithNewFileOpts{Permissions: 0o600}),
			"owner": d.Chown("a", "3"), "folder": d.WithNewDirectory("f"), "link": d.WithoutFile("l").WithSymlink("b", "l"), "empty": e.c.Directory(),
		} {
			sum := of(other)
			require.Empty(t, seen[sum], name)
			seen[sum] = name
		}
	})
}

func TestDirectoryFindUp(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		d := e.treeOf(map[string]string{"go.mod": "", "a/b/c/f": "", "a/b/go.mod": "", "a/.git/config": ""}).WithSymlink("nowhere", "a/b/broken")
		for _, c := range []struct{ name, start, want string }{
			{"go.mod", "a/b/c", "a/b/go.mod"}, {"go.mod", "a/b", "a/b/go.mod"}, {"go.mod", "a", "go.mod"}, {"go.mod", ".", "go.mod"}, {"go.mod", "", "go.mod"},
			{"go.mod", "/a/b/c/", "a/b/go.mod"}, {".git", "a/b/c", "a/.git"}, {"none", "a/b/c", ""}, {"b/go.mod", "a/b", "a/b/go.mod"},
			{"broken", "a/b/c", "a/b/broken"}, {"go.mod", "a/none/x", "go.mod"},
		} {
			found, err := d.FindUp(t.Context(), c.name, c.start)
			require.NoError(t, err)
			require.Equal(t, c.want, found, fmt.Sprint(c))
		}
		_, err := d.FindUp(t.Context(), "go.mod", "../x")
		require.ErrorContains(t, err, "outside")
		_, err = d.FindUp(t.Context(), "", "a")
		require.ErrorContains(t, err, "empty")
	})
}
