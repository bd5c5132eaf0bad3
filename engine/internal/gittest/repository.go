package gittest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/stretchr/testify/require"
)

// Repository is a repository with a worktree below Git.Dir.
type Repository struct {
	// Name is the folder's name.
	Name string
	// Dir is the folder.
	Dir string

	t       testing.TB
	repo    *git.Repository
	commits int
}

// Repository makes an empty repository with the branch main.
func (g *Git) Repository(t testing.TB, name string) *Repository {
	t.Helper()
	dir := filepath.Join(g.Dir, name)
	repo, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{InitOptions: git.InitOptions{DefaultBranch: "refs/heads/main"}})
	require.NoError(t, err)
	return &Repository{Name: name, Dir: dir, t: t, repo: repo}
}

// Write writes a file, or a symbolic link where its content starts with "->".
func (r *Repository) Write(name, content string) {
	r.t.Helper()
	at := filepath.Join(r.Dir, name)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(at), 0o755))
	if len(content) > 2 && content[:2] == "->" {
		require.NoError(r.t, os.Symlink(content[2:], at))
		return
	}
	mode := os.FileMode(0o644)
	if len(content) > 2 && content[:2] == "#!" {
		mode = 0o755
	}
	require.NoError(r.t, os.WriteFile(at, []byte(content), mode))
}

// Commit writes files, as Write does, commits everything and returns the commit's ID.
func (r *Repository) Commit(files map[string]string) string {
	r.t.Helper()
	for name, content := range files {
		r.Write(name, content)
	}
	tree, err := r.repo.Worktree()
	require.NoError(r.t, err)
	require.NoError(r.t, tree.AddWithOptions(&git.AddOptions{All: true}))
	return r.save(tree)
}

// save commits what the index has.
func (r *Repository) save(tree *git.Worktree) string {
	r.t.Helper()
	r.commits++
	who := &object.Signature{Name: "Test", Email: "test@example.com", When: time.Unix(1_700_000_000+int64(r.commits), 0).UTC()}
	id, err := tree.Commit("commit", &git.CommitOptions{Author: who, Committer: who, AllowEmptyCommits: true})
	require.NoError(r.t, err)
	return id.String()
}

// Branch makes a branch of a commit and makes it the current one.
func (r *Repository) Branch(name, commit string) {
	r.t.Helper()
	tree, err := r.repo.Worktree()
	require.NoError(r.t, err)
	require.NoError(r.t, tree.Checkout(&git.CheckoutOptions{
		Branch: plumbing.NewBranchReferenceName(name), Hash: plumbing.NewHash(commit), Create: true,
	}))
}

// Checkout makes a branch the current one.
func (r *Repository) Checkout(branch string) {
	r.t.Helper()
	tree, err := r.repo.Worktree()
	require.NoError(r.t, err)
	require.NoError(r.t, tree.Checkout(&git.CheckoutOptions{Branch: plumbing.NewBranchReferenceName(branch)}))
}

// Tag makes a tag of a commit, with an object of its own if it has a message.
func (r *Repository) Tag(name, commit, message string) {
	r.t.Helper()
	var opts *git.CreateTagOptions
	if message != "" {
		opts = &git.CreateTagOptions{Message: message, Tagger: &object.Signature{Name: "Test", Email: "test@example.com", When: time.Unix(1_700_000_000, 0).UTC()}}
	}
	_, err := r.repo.CreateTag(name, plumbing.NewHash(commit), opts)
	require.NoError(r.t, err)
}

// Remote makes a remote.
func (r *Repository) Remote(name, url string) {
	r.t.Helper()
	_, err := r.repo.CreateRemote(&config.RemoteConfig{Name: name, URLs: []string{url}})
	require.NoError(r.t, err)
}

// Submodule commits a submodule at a path and returns the commit's ID.
func (r *Repository) Submodule(path, url, commit string) string {
	r.t.Helper()
	old, err := os.ReadFile(filepath.Join(r.Dir, ".gitmodules"))
	if !os.IsNotExist(err) {
		require.NoError(r.t, err)
	}
	r.Write(".gitmodules", string(old)+"[submodule \""+path+"\"]\n\tpath = "+path+"\n\turl = "+url+"\n")
	tree, err := r.repo.Worktree()
	require.NoError(r.t, err)
	_, err = tree.Add(".gitmodules")
	require.NoError(r.t, err)
	idx, err := r.repo.Storer.Index()
	require.NoError(r.t, err)
	idx.Entries = append(idx.Entries, &index.Entry{Name: path, Hash: plumbing.NewHash(commit), Mode: filemode.Submodule})
	require.NoError(r.t, r.repo.Storer.SetIndex(idx))
	return r.save(tree)
}
