package engine_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/gittest"
)

// A branch that moves stays where it was for a session; the next one sees it move.
func TestGitBranchStaysForASession(t *testing.T) {
	g := gittest.New(t)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		r := g.Repository(t, "moving-"+unique())
		before := r.Commit(map[string]string{"file": "before"})
		var listings, packs atomic.Int32
		server := g.HTTP(t, func(r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/info/refs") {
				listings.Add(1)
			} else {
				packs.Add(1)
			}
			return true
		})
		c := e.connect(t)
		main := c.Git(server + "/" + r.Name).Branch("main")
		commit, err := main.Commit(ctx)
		require.NoError(t, err)
		require.Equal(t, before, commit)
		after := r.Commit(map[string]string{"file": "after"})
		content, err := main.Tree().File("file").Contents(ctx)
		require.NoError(t, err)
		require.Equal(t, "before", content, "the commit that the session knows")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				_, err := main.Tree().Entries(ctx)
				require.NoError(t, err)
			})
		}
		all.Wait()
		require.EqualValues(t, 2, listings.Load(), "one to list, one to fetch")
		require.EqualValues(t, 1, packs.Load(), "one fetch")

		next := e.connect(t)
		main = next.Git(server + "/" + r.Name).Branch("main")
		commit, err = main.Commit(ctx)
		require.NoError(t, err)
		require.Equal(t, after, commit)
		_, err = next.Git(server + "/" + r.Name).Commit(before).Tree().Sync(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 2, packs.Load(), "a commit is another checkout than a branch")
		content, err = e.connect(t).Git(server + "/" + r.Name).Commit(before).Tree().File("file").Contents(ctx)
		require.NoError(t, err)
		require.Equal(t, "before", content)
		require.EqualValues(t, 2, packs.Load(), "a later session has it")
		require.EqualValues(t, 4, listings.Load())
	})
}

// Steps that use the same files are cached, whatever session and checkout they are of.
func TestGitTreeInCacheKeys(t *testing.T) {
	g := gittest.New(t)
	r := g.Repository(t, "app")
	r.Commit(map[string]string{"file": "x", "run": "#!/bin/sh\n", "link": "->file"})
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		token := unique()
		var stamps []string
		for range 2 { // each server has a port of its own: nothing is kept from the other
			server := g.HTTP(t, nil)
			c := e.connect(t)
			tree := c.Git(server + "/app").Head().Tree(dagger.GitRefTreeOpts{DiscardGitDir: true})
			stamp, err := boxIn(t, c).WithMountedDirectory("/src", tree).WithEnvVariable("TOKEN", token).WithExec(box("random")).Stdout(ctx)
			require.NoError(t, err)
			stamps = append(stamps, stamp)
		}
		require.Equal(t, stamps[0], stamps[1])
	})
}

func TestGitServersThatGiveLittle(t *testing.T) {
	g := gittest.New(t)
	r := g.Repository(t, "app")
	var commits []string
	for _, content := range []string{"one", "two", "three"} {
		commits = append(commits, r.Commit(map[string]string{"file": content}))
	}
	empty := g.Repository(t, "empty")
	server := g.HTTP(t, nil)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		// git refuses commits that no ref names, unless it is told otherwise.
		content, err := e.c.Git(server + "/app").Commit(commits[1]).Tree().File("file").Contents(ctx)
		require.NoError(t, err)
		require.Equal(t, "two", content)
		branches, err := e.c.Git(server + "/" + empty.Name).Branches(ctx)
		require.NoError(t, err)
		require.Empty(t, branches)
		_, err = e.c.Git(server + "/" + empty.Name).Head().Commit(ctx)
		require.ErrorContains(t, err, `/empty has no ref "HEAD"`)
		_, err = e.c.Git(server + "/app").LatestVersion().Commit(ctx)
		require.ErrorContains(t, err, "has no tag that is a semantic version")
		_, err = e.c.Git(server + "/app").Head().Tree(dagger.GitRefTreeOpts{Depth: -1}).Entries(ctx)
		require.ErrorContains(t, err, "invalid depth -1")
	})
}

// Refs and repositories go from one part of a program to another by their IDs.
func TestGitByID(t *testing.T) {
	g := gittest.New(t)
	h := newHistory(t, g, "app")
	server := g.HTTP(t, nil)
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		repo := e.c.Git(server + "/app")
		id, err := repo.ID(ctx)
		require.NoError(t, err)
		loaded, err := dagger.Load[*dagger.GitRepository](ctx, e.c, id)
		require.NoError(t, err)
		ref := loaded.Branch("feature/side")
		if id, err = ref.ID(ctx); err != nil {
			require.NoError(t, err)
		}
		again, err := dagger.Load[*dagger.GitRef](ctx, e.c, id)
		require.NoError(t, err)
		commit, err := again.Commit(ctx)
		require.NoError(t, err)
		require.Equal(t, h.side, commit)
		out, err := e.box(t).WithMountedDirectory("/src", again.Tree()).WithWorkdir("/src").WithExec(box("cat", "side")).Stdout(ctx)
		require.NoError(t, err)
		require.Equal(t, "side", out)
	})
}
