package gitrepo_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
	"github.com/bodkin-ci/bodkin/engine/internal/gittest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m)) }

// everything is what is in a folder, down to times, by path.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		what := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(p)
			require.NoError(t, err)
			what += fmt.Sprintf(" %x", sha256.Sum256(content))
		case info.Mode().Type() == fs.ModeSymlink:
			target, err := os.Readlink(p)
			require.NoError(t, err)
			what += target
		}
		if !strings.HasPrefix(rel, ".git") && info.Mode().Type() != fs.ModeSymlink {
			what += " " + info.ModTime().String()
		}
		out[rel] = what
		return nil
	}))
	return out
}

// The same commit makes the same bytes, whatever the server packs.
func TestCheckoutIsTheSame(t *testing.T) {
	g := gittest.New(t)
	r := g.Repository(t, "app")
	for i := range 5 {
		r.Commit(map[string]string{"file": fmt.Sprint(i), "in/run": "#!/bin/sh\n" + fmt.Sprint(i)})
	}
	r.Write("link", "->in/run")
	commit := r.Commit(nil)
	r.Tag("v1", commit, "tagged")
	u, err := gitrepo.ParseURL(g.HTTP(t, nil) + "/app")
	require.NoError(t, err)
	remote := gitrepo.Remote(u, gitrepo.Access{})
	r.Remote("origin", u.String())
	local := gitrepo.Open("here", filepath.Join(r.Dir, ".git"))
	listing, err := remote.List(t.Context())
	require.NoError(t, err)
	for _, depth := range []int{1, 3, 0} {
		options := gitrepo.CheckoutOptions{Depth: depth, Tags: map[string]string{"refs/tags/v1": listing.Refs["refs/tags/v1"]}}
		var got []map[string]string
		for _, repo := range []gitrepo.Repository{remote, remote, local} {
			dir := t.TempDir()
			require.NoError(t, gitrepo.Checkout(t.Context(), repo, gitrepo.Ref{Name: "refs/heads/main", Commit: commit}, dir, options))
			got = append(got, everything(t, dir))
		}
		require.Contains(t, got[0], ".git/HEAD")
		require.Equal(t, got[0], got[1], depth)
		require.Equal(t, got[0], got[2], depth)
	}
}

// hostile makes a repository whose commit has a tree with these entries.
func hostile(t *testing.T, entries ...object.TreeEntry) (gitrepo.Repository, string) {
	t.Helper()
	dir := t.TempDir()
	repo, err := git.PlainInit(dir, true)
	require.NoError(t, err)
	save := func(encode func(plumbing.EncodedObject) error) plumbing.Hash {
		o := repo.Storer.NewEncodedObject()
		require.NoError(t, encode(o))
		id, err := repo.Storer.SetEncodedObject(o)
		require.NoError(t, err)
		return id
	}
	blob := save(func(o plumbing.EncodedObject) error {
		o.SetType(plumbing.BlobObject)
		w, err := o.Writer()
		if err != nil {
			return err
		}
		_, err = w.Write([]byte("/tmp"))
		return err
	})
	inner := save((&object.Tree{Entries: []object.TreeEntry{{Name: "file", Mode: filemode.Regular, Hash: blob}}}).Encode)
	for i := range entries {
		entries[i].Hash = blob
		if entries[i].Mode == filemode.Dir {
			entries[i].Hash = inner
		}
	}
	tree := save(func(o plumbing.EncodedObject) error { // Tree.Encode would refuse some
		o.SetType(plumbing.TreeObject)
		w, err := o.Writer()
		if err != nil {
			return err
		}
		for _, e := range entries {
			if _, err := fmt.Fprintf(w, "%o %s\x00%s", uint32(e.Mode), e.Name, e.Hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
	commit := save((&object.Commit{TreeHash: tree, Message: "hostile"}).Encode)
	return gitrepo.Open("hostile", dir), commit.String()
}

// Nothing is written outside of a checkout, nor to its .git.
func TestCheckoutContainsHostileTrees(t *testing.T) {
	for name, entries := range map[string][]object.TreeEntry{
		"up":            {{Name: "..", Mode: filemode.Dir}},
		"here":          {{Name: ".", Mode: filemode.Dir}},
		"climbing":      {{Name: "../outside", Mode: filemode.Regular}},
		"absolute":      {{Name: "/outside", Mode: filemode.Regular}},
		".git":          {{Name: ".git", Mode: filemode.Dir}},
		".GIT":          {{Name: ".GIT", Mode: filemode.Regular}},
		"through links": {{Name: "a", Mode: filemode.Symlink}, {Name: "a", Mode: filemode.Dir}},
		"twice":         {{Name: "a", Mode: filemode.Regular}, {Name: "a", Mode: filemode.Regular}},
	} {
		t.Run(name, func(t *testing.T) {
			repo, commit := hostile(t, entries...)
			outer := t.TempDir()
			dir := filepath.Join(outer, "checkout")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.Error(t, gitrepo.Checkout(t.Context(), repo, gitrepo.Ref{Commit: commit}, dir, gitrepo.CheckoutOptions{Depth: 1}))
			found, err := os.ReadDir(outer)
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.NoFileExists(t, "/tmp/file")
		})
	}
}

// Refs that a server names do not lead out of .git.
func TestCheckoutRefusesHostileRefs(t *testing.T) {
	repo, commit := hostile(t, object.TreeEntry{Name: "file", Mode: filemode.Regular})
	for _, name := range []string{"refs/heads/../../../x", "refs/heads/a/./b", "refs/heads//b", "refs/heads/x.lock", "refs/heads/a\nb"} {
		err := gitrepo.Checkout(t.Context(), repo, gitrepo.Ref{Name: name, Commit: commit}, t.TempDir(), gitrepo.CheckoutOptions{Depth: 1})
		require.ErrorContains(t, err, "invalid ref", name)
	}
}
