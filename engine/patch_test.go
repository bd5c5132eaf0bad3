package engine_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// numbered are so many lines.
func numbered(from, to int) string {
	var out strings.Builder
	for i := from; i <= to; i++ {
		out.WriteString("line " + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "\n")
	}
	return out.String()
}

// patchTrees are two trees with every kind of change that git knows.
func patchTrees(e *env) (before, after *dagger.Directory) {
	program := dagger.DirectoryWithNewFileOpts{Permissions: 0o755}
	before = e.treeOf(map[string]string{
		"edit": numbered(1, 40), "gone": "g\n", "no newline": "old", "ümläut \"q\"": "1\n", "mode": "m\n", "kind": "file\n",
		"binary": "\x00\x01old", "same": "s\n", "dir/moved": numbered(1, 20), "full": "content\n",
	}).WithSymlink("same", "link")
	after = before.WithNewFile("edit", strings.Replace(numbered(1, 40), "line xxxk\n", "changed\n", 1)+"last\n").WithoutFile("gone").
		WithNewFile("no newline", "new\nand").WithNewFile("ümläut \"q\"", "2\n").WithNewFile("mode", "m\n", program).
		WithoutFile("kind").WithSymlink("same", "kind").WithNewFile("binary", "\x00\x02new").WithNewFile("binary2", "\x00"+strings.Repeat("z", 300)).
		WithoutDirectory("dir").WithNewFile("other/moved", numbered(1, 20)+"more\n").WithNewFile("empty", "").WithNewFile("tool", "#!\n", program).
		WithoutFile("link").WithSymlink("edit", "link").WithNewFile("full", "")
	return before, after
}

func TestPatchIsGits(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		before, after := patchTrees(e)
		patch := after.Changes(before).AsPatch()
		name, err := patch.Name(ctx)
		require.NoError(t, err)
		require.Equal(t, "diff.patch", name)

		dir := t.TempDir()
		_, err = before.Export(ctx, dir)
		require.NoError(t, err)
		apply := exec.Command("git", "apply", "-")
		apply.Dir, apply.Stdin = dir, strings.NewReader(contents(t, patch))
		out, err := apply.CombinedOutput()
		require.NoError(t, err, string(out))
		exported := e.c.Host().Directory(dir, dagger.HostDirectoryOpts{NoCache: true})
		require.Equal(t, e.tree(t, after), e.tree(t, exported))
		require.Equal(t, [3][]string{{}, {}, {}}, changed(t, after.Changes(exported)))
	})
}

func TestWithPatch(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		before, after := patchTrees(e)
		changes := after.Changes(before)
		require.Equal(t, e.tree(t, after), e.tree(t, before.WithPatchFile(changes.AsPatch())))
		require.Equal(t, [3][]string{{}, {}, {}}, changed(t, after.Changes(before.WithPatch(contents(t, changes.AsPatch())))))
		require.Equal(t, e.tree(t, before), e.tree(t, before.WithPatch("")))
	})
}

func TestWithPatchOfGit(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		// With renames, copies and deltas, as git writes them itself.
		before, after := patchTrees(e)
		dir := t.TempDir()
		git := func(args ...string) string {
			t.Helper()
			cmd := exec.Command("git", append([]string{"-c", "user.name=x", "-c", "user.email=x@y"}, args...)...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			return string(out)
		}
		git("init", "-q")
		_, err := before.Export(t.Context(), dir)
		require.NoError(t, err)
		git("add", "-A")
		git("commit", "-q", "-m", "before")
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "gone")))
		_, err = after.Changes(before).Export(t.Context(), dir)
		require.NoError(t, err)
		git("add", "-A")
		patch := git("diff", "--cached", "--binary", "-M", "-C")
		require.Contains(t, patch, "rename from")
		require.Equal(t, [3][]string{{}, {}, {}}, changed(t, after.Changes(before.WithPatch(patch))))
	})
}

func TestPatchesMoveAndFail(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		text := numbered(1, 30)
		base := e.treeOf(map[string]string{"f": text, "owned": "a\n"}).Chown("owned", "7:8")
		patch := contents(t, base.WithNewFile("f", strings.Replace(text, "line xp\n", "changed\n", 1)).Changes(base).AsPatch())
		longer := base.WithNewFile("f", numbered(100, 104)+text)
		require.Equal(t, numbered(100, 104)+strings.Replace(text, "line xp\n", "changed\n", 1), contents(t, longer.WithPatch(patch).File("f")))
		_, err := base.WithNewFile("f", "something else\n").WithPatch(patch).Sync(ctx)
		require.ErrorContains(t, err, "applying a patch to f: hunk 1")
		_, err = base.WithoutFile("f").WithPatch(patch).Sync(ctx)
		require.ErrorContains(t, err, "applying a patch to f: there is no such file")
		_, err = base.WithPatch("this is no patch").Sync(ctx)
		require.ErrorContains(t, err, "no valid patch")
		_, err = base.WithPatch("--- /dev/null\n+++ b/../../etc/passwd\n@@ -0,0 +1 @@\n+x\n").Sync(ctx)
		require.ErrorContains(t, err, "path is invalid")
		_, err = base.WithPatch("--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+x\n").Sync(ctx)
		require.ErrorContains(t, err, "applying a patch to f: it is there already")
		_, err = base.WithPatch("diff --git a/f b/f\nindex 1..2 100644\nBinary files a/f and b/f differ\n").Sync(ctx)
		require.ErrorContains(t, err, "--binary")
		require.Equal(t, "new\n", contents(t, base.WithPatch("--- /dev/null\n+++ b/sub/new\n@@ -0,0 +1 @@\n+new\n").File("sub/new")), "not made by git")
		require.Contains(t, e.tree(t, base.WithPatch("--- a/owned\n+++ b/owned\n@@ -1 +1 @@\n-a\n+b\n")), "owned file 0644 7:8 2\n", "owners stay")
	})
}

func TestDiffStats(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		before, after := patchTrees(e)
		after = after.WithNewDirectory("folder").WithoutFile("full").WithNewFile("renamed", "content\n")
		found, err := after.Changes(before).DiffStats(ctx)
		require.NoError(t, err)
		type stat struct {
			path, old      string
			kind           dagger.DiffStatKind
			added, removed int
		}
		var all []stat
		for _, one := range found {
			var s stat
			s.path, err = one.Path(ctx)
			require.NoError(t, err)
			s.old, err = one.OldPath(ctx)
			require.NoError(t, err)
			s.kind, err = one.Kind(ctx)
			require.NoError(t, err)
			s.added, err = one.AddedLines(ctx)
			require.NoError(t, err)
			s.removed, err = one.RemovedLines(ctx)
			require.NoError(t, err)
			all = append(all, s)
		}
		const added, modified, removed, renamed = dagger.DiffStatKindAdded, dagger.DiffStatKindModified, dagger.DiffStatKindRemoved, dagger.DiffStatKindRenamed
		require.Equal(t, []stat{
			{"binary", "", modified, 0, 0}, {"binary2", "", added, 0, 0}, {"dir/", "", removed, 0, 0}, {"edit", "", modified, 2, 1}, {"empty", "", added, 0, 0},
			{"folder/", "", added, 0, 0}, {"gone", "", removed, 0, 1}, {"kind", "", modified, 1, 1}, {"link", "", modified, 1, 1}, {"mode", "", modified, 0, 0},
			{"no newline", "", modified, 2, 1}, {"other/", "", added, 0, 0}, {"other/moved", "dir/moved", renamed, 1, 0}, {"renamed", "full", renamed, 0, 0},
			{"tool", "", added, 1, 0}, {"ümläut \"q\"", "", modified, 1, 1},
		}, all)
	})
}
