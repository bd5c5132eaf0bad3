package core

import (
	"context"
	"fmt"

	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
)

// Git is what a session knows of git repositories. A branch stands for the same
// commit as long as the session lasts.
type Git struct {
	listings  memo[*gitrepo.Listing]
	checkouts memo[string]
}

// GitRepository is a git repository.
type GitRepository struct {
	Repo gitrepo.Repository
	// Key is the same for repositories that are read in the same way.
	Key string
	// URL is its address; empty: it is a directory.
	URL string
	// Discard leaves .git out of all checkouts.
	Discard bool
	// Worktree is the directory that it was made of, if any.
	Worktree *Directory
}

// GitRef is a ref of a repository, and the commit that it stands for.
type GitRef struct {
	Repository GitRepository
	gitrepo.Ref
}

// Listing is what the repository had when the session first asked.
func (g *Git) Listing(ctx context.Context, r GitRepository) (*gitrepo.Listing, error) {
	return g.listings.do(ctx, r.Key, r.Repo.List)
}

// Ref finds a ref: HEAD, a branch, a tag, a whole name, or a commit ID.
func (g *Git) Ref(ctx context.Context, r GitRepository, name string) (GitRef, error) {
	if gitrepo.IsCommit(name) {
		return GitRef{r, gitrepo.Ref{Commit: name}}, nil
	}
	listing, err := g.Listing(ctx, r)
	if err != nil {
		return GitRef{}, err
	}
	ref, ok := listing.Lookup(name)
	if !ok {
		return GitRef{}, &gitrepo.RefError{Repository: r.Repo.Name(), Ref: name}
	}
	return GitRef{r, ref}, nil
}

// LatestVersion finds the tag with the highest semantic version.
func (g *Git) LatestVersion(ctx context.Context, r GitRepository) (GitRef, error) {
	listing, err := g.Listing(ctx, r)
	if err != nil {
		return GitRef{}, err
	}
	ref, ok := listing.LatestVersion()
	if !ok {
		return GitRef{}, fmt.Errorf("git repository %s has no tag that is a semantic version, such as v1.2.3", r.Repo.Name())
	}
	return GitRef{r, ref}, nil
}

// Commit returns a ref for a commit ID.
func (g *Git) Commit(r GitRepository, id string) (GitRef, error) {
	if !gitrepo.IsCommit(id) {
		return GitRef{}, fmt.Errorf("invalid commit ID %q: all 40 hexadecimal digits are needed", id)
	}
	return GitRef{r, gitrepo.Ref{Commit: id}}, nil
}

// CommonAncestor returns the best commit that the histories of two refs share.
func (g *Git) CommonAncestor(ctx context.Context, a, b GitRef) (GitRef, error) {
	id, err := gitrepo.CommonAncestor(ctx, a.Repository.Repo, a.Ref.Commit, b.Repository.Repo, b.Ref.Commit)
	return GitRef{a.Repository, gitrepo.Ref{Commit: id}}, err
}
