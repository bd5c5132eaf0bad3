package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/gittest"
)

// history is a repository with branches and tags:
//
//	first (v1.0.0) - second (v1.2.0, annotated) - main
//	       \- side
type history struct {
	*gittest.Repository
	first, second, main, side string
}

func newHistory(t testing.TB, g *gittest.Git, name string) history {
	r := g.Repository(t, name)
	h := history{Repository: r}
	h.first = r.Commit(map[string]string{"README": "first", "bin/run": "#!/bin/sh\n", "link": "->README"})
	r.Tag("v1.0.0", h.first, "")
	r.Tag("v1.10.0-rc.1", h.first, "")
	h.second = r.Commit(map[string]string{"README": "second"})
	r.Tag("v1.2.0", h.second, "the second")
	r.Tag("nightly", h.second, "")
	h.main = r.Commit(map[string]string{"README": "third", "deep/er/file": "deep"})
	r.Branch("feature/side", h.first)
	h.side = r.Commit(map[string]string{"side": "side"})
	r.Checkout("main")
	return h
}

func TestGit(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	newHistory(t, g, "other")
	server := g.HTTP(t, nil)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		repo := e.c.Git(server + "/app")
		t.Run("Refs", func(t *testing.T) {
			for name, ref := range map[string]struct {
				ref          *dagger.GitRef
				commit, name string
			}{
				"head":     {repo.Head(), h.main, "refs/heads/main"},
				"branch":   {repo.Branch("feature/side"), h.side, "refs/heads/feature/side"},
				"tag":      {repo.Tag("v1.0.0"), h.first, "refs/tags/v1.0.0"},
				"object":   {repo.Tag("v1.2.0"), h.second, "refs/tags/v1.2.0"},
				"whole":    {repo.Ref("refs/heads/main"), h.main, "refs/heads/main"},
				"short":    {repo.Ref("nightly"), h.second, "refs/tags/nightly"},
				"commit":   {repo.Commit(h.second), h.second, h.second},
				"by ID":    {repo.Ref(h.first), h.first, h.first},
				"latest":   {repo.LatestVersion(), h.first, "refs/tags/v1.10.0-rc.1"},
				"ancestor": {repo.Branch("main").CommonAncestor(repo.Branch("feature/side")), h.first, h.first},
				"across":   {repo.Branch("main").CommonAncestor(e.c.Git(server + "/other").Branch("feature/side")), h.first, h.first},
			} {
				commit, err := ref.ref.Commit(ctx)
				require.NoError(t, err, name)
				require.Equal(t, ref.commit, commit, name)
				whole, err := ref.ref.Ref(ctx)
				require.NoError(t, err, name)
				require.Equal(t, ref.name, whole, name)
			}
		})
		t.Run("Tree", func(t *testing.T) {
			tree := repo.Head().Tree()
			entries, err := tree.Entries(ctx)
			require.NoError(t, err)
			require.Equal(t, []string{".git/", "README", "bin/", "deep/", "link"}, entries)
			name, err := tree.Name(ctx)
			require.NoError(t, err)
			require.Equal(t, "/", name)
			content, err := tree.File("link").Contents(ctx)
			require.NoError(t, err)
			require.Equal(t, "third", content)
			executable, err := tree.File("bin/run").Stat().Permissions(ctx)
			require.NoError(t, err)
			require.Equal(t, 0o755, executable)
			bare, err := repo.Tag("v1.2.0").Tree(dagger.GitRefTreeOpts{DiscardGitDir: true}).Entries(ctx)
			require.NoError(t, err)
			require.Equal(t, []string{"README", "bin/", "link"}, bare)
			bare, err = e.c.Git(server+"/app", dagger.GitOpts{KeepGitDir: false}).Commit(h.side).Tree().Entries(ctx)
			require.NoError(t, err)
			require.Contains(t, bare, ".git/", "the SDK leaves out what is false")
		})
		t.Run("GitDir", func(t *testing.T) {
			for name, c := range map[string]struct {
				tree     *dagger.Directory
				commits  int
				head     string
				tags     string
				describe string
			}{
				"branch": {repo.Branch("main").Tree(), 1, "main", "", ""},
				"deep":   {repo.Branch("main").Tree(dagger.GitRefTreeOpts{Depth: 2}), 2, "main", "", ""},
				"all":    {repo.Branch("main").Tree(dagger.GitRefTreeOpts{Depth: 100}), 3, "main", "", ""},
				"commit": {repo.Commit(h.second).Tree(dagger.GitRefTreeOpts{Depth: 100}), 2, "", "", ""},
				"tag":    {repo.Tag("v1.2.0").Tree(), 1, "", "v1.2.0\n", "v1.2.0"},
				"tags": {
					repo.Branch("main").Tree(dagger.GitRefTreeOpts{Depth: 100, IncludeTags: true}),
					3, "main", "nightly\nv1.0.0\nv1.10.0-rc.1\nv1.2.0\n", "v1.2.0-1-g" + h.main[:7],
				},
			} {
				checked := &gittest.Git{}
				*checked = *g
				checked.Dir = t.TempDir()
				_, err := c.tree.Export(ctx, checked.Dir)
				require.NoError(t, err, name)
				log := checked.Run(t, "", "log", "--format=%H")
				require.Equal(t, c.commits, strings.Count(log, "\n"), name)
				require.Equal(t, c.head, strings.TrimSpace(checked.Run(t, "", "branch", "--show-current")), name)
				require.Equal(t, c.tags, checked.Run(t, "", "tag"), name)
				require.Empty(t, checked.Run(t, "", "status", "--porcelain"), name)
				require.Empty(t, checked.Run(t, "", "fsck", "--no-dangling"), name)
				require.Equal(t, server+"/app\n", checked.Run(t, "", "remote", "get-url", "origin"), name)
				if c.describe != "" {
					require.Equal(t, c.describe+"\n", checked.Run(t, "", "describe", "--tags"), name)
				}
			}
		})
	})
}

var _ = http.StatusOK
