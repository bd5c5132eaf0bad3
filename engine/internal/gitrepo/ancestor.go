package gitrepo

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
)

// CommonAncestor returns the best commit that the histories of two commits share.
func CommonAncestor(ctx context.Context, repo Repository, one string, other Repository, two string) (string, error) {
	var best string
	find := func(store storage.Storer) error {
		var commits [2]*object.Commit
		for i, id := range []string{one, two} {
			var err error
			if commits[i], err = object.GetCommit(store, plumbing.NewHash(id)); err != nil {
				return &CommitError{repo.Name(), id}
			}
		}
		bases, err := commits[0].MergeBase(commits[1])
		if err != nil {
			return fmt.Errorf("reading the history of git repository %s: %w", repo.Name(), err)
		}
		if len(bases) == 0 {
			return fmt.Errorf("commits %s and %s of git repository %s have no common ancestor", one, two, repo.Name())
		}
		best = bases[0].Hash.String()
		return nil
	}
	if same(repo, other) {
		err := repo.Fetch(ctx, []string{one, two}, 0, find)
		return best, err
	}
	err := repo.Fetch(ctx, []string{one}, 0, func(a storage.Storer) error {
		return other.Fetch(ctx, []string{two}, 0, func(b storage.Storer) error {
			return find(&joined{Storer: a, other: b})
		})
	})
	return best, err
}

// same reports whether two repositories are one.
func same(a, b Repository) bool {
	one, ok := a.(*remote)
	two, both := b.(*remote)
	return a == b || ok && both && one.url.String() == two.url.String()
}

// joined has the objects of another store, too.
type joined struct {
	storage.Storer
	other storage.Storer
}

// EncodedObject implements storer.EncodedObjectStorer.
func (j *joined) EncodedObject(kind plumbing.ObjectType, id plumbing.Hash) (plumbing.EncodedObject, error) {
	found, err := j.Storer.EncodedObject(kind, id)
	if isMissing(err) {
		return j.other.EncodedObject(kind, id)
	}
	return found, err
}
