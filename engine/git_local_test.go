package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/gittest"
)

func TestDirectoryAsGit(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	bare := filepath.Join(h.Dir, ".git")
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		for name, dir := range map[string]*dagger.Directory{
			"host":  e.c.Host().Directory(h.Dir),
			"bare":  e.c.Host().Directory(bare),
			"inner": e.c.Directory().WithDirectory("a/b", e.c.Host().Directory(h.Dir)).Directory("a/b"),
		} {
			repo := dir.AsGit()
			tags, err := repo.Tags(ctx, dagger.GitRepositoryTagsOpts{Patterns: []string{"v1.?.0", "refs/tags/night*"}})
			require.NoError(t, err, name)
			require.Equal(t, []string{"nightly", "v1.0.0", "v1.2.0"}, tags, name)
			url, err := repo.URL(ctx)
			require.NoError(t, err, name)
			require.Empty(t, url, name)
			ref := repo.Head()
			whole, err := ref.Ref(ctx)
			require.NoError(t, err, name)
			require.Equal(t, "refs/heads/main", whole, name)
			content, err := repo.Tag("v1.2.0").Tree().File("README").Contents(ctx)
			require.NoError(t, err, name)
			require.Equal(t, "second", content, name)
			ancestor, err := ref.CommonAncestor(e.c.Git("file://" + h.Dir).Branch("feature/side")).Commit(ctx)
			require.NoError(t, err, name)
			require.Equal(t, h.first, ancestor, name)
		}
		_, err := e.c.Directory().WithNewFile("x", "").AsGit().Head().Commit(ctx)
		require.ErrorContains(t, err, "the directory is no git repository: it has no .git folder")
		_, err = e.c.Directory().WithNewFile(".git", "gitdir: ../elsewhere\n").AsGit().Head().Commit(ctx)
		require.ErrorContains(t, err, "its .git is a file that points elsewhere")
		_, err = e.c.Host().Directory(g.Repository(t, "empty"+unique()).Dir).AsGit().Head().Commit(ctx)
		require.ErrorContains(t, err, `has no ref "HEAD"`)
	})
}

func TestGitUncommitted(t *testing.T) {
	g := gittest.New(t)
	r := g.Repository(t, "app")
	r.Commit(map[string]string{
		".gitignore": "*.log\nbuild/\n", "same": "same", "changed": "before", "removed": "removed", "mode": "mode", "link": "->same", "kind": "file", "in/deep": "deep",
	})
	for name, content := range map[string]string{
		"changed": "after", "new": "new", "x.log": "ignored", "build/out": "ignored", "folder/new": "new", "mixed/new": "new", "mixed/x.log": "ignored", "star[1]*": "new",
	} {
		r.Write(name, content)
	}
	require.NoError(t, os.Remove(filepath.Join(r.Dir, "removed")))
	require.NoError(t, os.Chmod(filepath.Join(r.Dir, "mode"), 0o755))
	require.NoError(t, os.Remove(filepath.Join(r.Dir, "link")))
	r.Write("link", "->changed")
	require.NoError(t, os.Remove(filepath.Join(r.Dir, "kind")))
	r.Write("kind/file", "now a folder")
	server := g.HTTP(t, nil)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		changes := e.c.Host().Directory(r.Dir).AsGit().Uncommitted()
		added, err := changes.AddedPaths(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"folder/", "folder/new", "kind/", "kind/file", "mixed/new", "new", "star[1]*"}, added)
		modified, err := changes.ModifiedPaths(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"changed", "link", "mode"}, modified)
		removed, err := changes.RemovedPaths(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"kind", "removed"}, removed)
		entries, err := changes.Before().Entries(ctx)
		require.NoError(t, err)
		require.Equal(t, []string{".git/", ".gitignore", "build/", "changed", "in/", "kind", "link", "mixed/", "mode", "removed", "same", "x.log"}, entries)
		before, err := changes.Before().File("changed").Contents(ctx)
		require.NoError(t, err)
		require.Equal(t, "before", before)

		for name, repo := range map[string]*dagger.GitRepository{
			"remote": e.c.Git(server + "/app"),
			"clean":  e.c.Git(server + "/app").Head().Tree().AsGit(),
			"bare":   e.c.Host().Directory(filepath.Join(r.Dir, ".git")).AsGit(),
		} {
			empty, err := repo.Uncommitted().IsEmpty(ctx)
			require.NoError(t, err, name)
			require.True(t, empty, name)
		}
	})
}

func TestGitSubmodules(t *testing.T) {
	g := gittest.New(t)
	inner := g.Repository(t, "libs/inner")
	innerCommit := inner.Commit(map[string]string{"inner": "inner"})
	middle := g.Repository(t, "libs/middle")
	middle.Commit(map[string]string{"middle": "middle"})
	middleCommit := middle.Submodule("sub/inner", "../inner", innerCommit)
	inner.Commit(map[string]string{"inner": "later"})
	outer := g.Repository(t, "outer")
	outer.Commit(map[string]string{"outer": "outer"})
	outer.Submodule("deps/middle", "../libs/middle", middleCommit)
	server := g.HTTP(t, nil)
	hostile := g.Repository(t, "hostile")
	hostile.Commit(map[string]string{"x": "x"})
	hostile.Submodule("stolen", "file://"+inner.Dir, innerCommit)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		head := e.c.Git(server + "/outer").Head()
		for name, tree := range map[string]*dagger.Directory{
			"with":    head.Tree(),
			"without": head.Tree(dagger.GitRefTreeOpts{DiscardGitDir: true}),
		} {
			for file, want := range map[string]string{"outer": "outer", "deps/middle/middle": "middle", "deps/middle/sub/inner/inner": "inner"} {
				content, err := tree.File(file).Contents(ctx)
				require.NoError(t, err, name)
				require.Equal(t, want, content, name)
			}
			found, err := tree.Glob(ctx, "**/.git")
			require.NoError(t, err, name)
			if name == "without" {
				require.Empty(t, found)
			}
		}
		checked := *g
		checked.Dir = t.TempDir()
		_, err := head.Tree().Export(ctx, checked.Dir)
		require.NoError(t, err)
		require.Empty(t, checked.Run(t, "", "status", "--porcelain"))
		require.Equal(t, innerCommit+"\n", checked.Run(t, "deps/middle/sub/inner", "rev-parse", "HEAD"))
		require.Equal(t, server+"/libs/inner\n", checked.Run(t, "deps/middle/sub/inner", "remote", "get-url", "origin"))
		require.NotContains(t, checked.Run(t, "", "submodule", "status", "--recursive"), "-", "all submodules are there")

		_, err = e.c.Git(server + "/hostile").Head().Tree().Entries(ctx)
		require.ErrorContains(t, err, "submodule stolen")
	})
}
