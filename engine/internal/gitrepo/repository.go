// Package gitrepo reads git repositories, on this machine and elsewhere, without
// the git program: their refs, their commits, and checkouts of them. Start with
// Remote and Open, then Checkout.
package gitrepo

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// Repository is where commits come from.
type Repository interface {
	// Name is what messages call it; it holds no password.
	Name() string
	// Origin is the URL that checkouts remember; empty: they remember none.
	Origin() URL
	// List asks for the refs, anew each time.
	List(ctx context.Context) (*Listing, error)
	// Fetch gets commits and so many of those before them, counted with them (0:
	// all), and calls use with a store that has them, valid until use returns. Ids
	// may be those of tag objects.
	Fetch(ctx context.Context, ids []string, depth int, use func(storage.Storer) error) error
	// Submodule returns the repository at an address found in this one.
	Submodule(address string) (Repository, error)
}

// AccessError says why a repository cannot be read. It holds no password.
type AccessError struct {
	Repository string
	// Denied says that the repository wants another login, or any.
	Denied bool
	Err    error
}

func (e *AccessError) Error() string {
	return fmt.Sprintf("reading git repository %s: %s", e.Repository, e.Err)
}

func (e *AccessError) Unwrap() error { return e.Err }

// CommitError says that a repository does not give a commit.
type CommitError struct {
	Repository string
	Commit     string
}

func (e *CommitError) Error() string {
	return fmt.Sprintf("git repository %s has no commit %s, or does not hand it out", e.Repository, e.Commit)
}

// largeObject is from how many bytes on a file is read bit by bit.
const largeObject = 8 << 20

func openStore(gitDir string) *filesystem.Storage {
	return filesystem.NewStorageWithOptions(osfs.New(gitDir), cache.NewObjectLRUDefault(), filesystem.Options{LargeObjectThreshold: largeObject})
}

// isMissing reports whether an object is not in a store.
func isMissing(err error) bool { return errors.Is(err, plumbing.ErrObjectNotFound) }
