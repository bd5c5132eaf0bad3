package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// local is a repository in a folder of this machine.
type local struct {
	name string // empty: the path
	path string // of what git keeps, or, with find, maybe of the folder above it
	find bool
}

// Open returns the repository that git keeps in a folder: a .git folder, or a bare
// repository. name is what messages call it.
func Open(name, gitDir string) Repository { return &local{name: name, path: gitDir} }

func (l *local) Name() string {
	if l.name != "" {
		return l.name
	}
	return l.path
}

// Origin is the one of the repository's own configuration.
func (l *local) Origin() URL {
	store, err := l.store()
	if err != nil {
		return URL{}
	}
	config, err := store.Config()
	if err != nil || config.Remotes["origin"] == nil || len(config.Remotes["origin"].URLs) == 0 {
		return URL{}
	}
	u, _ := ParseURL(config.Remotes["origin"].URLs[0])
	return u
}

// Submodule implements Repository: relative addresses start at the origin.
func (l *local) Submodule(address string) (Repository, error) {
	access := Access{Agent: os.Getenv("SSH_AUTH_SOCK")}
	origin := l.Origin()
	if origin.URL == nil && l.find {
		origin.URL = &url.URL{Scheme: File, Path: l.path}
	}
	if origin.URL == nil {
		u, err := ParseURL(address)
		return Remote(u, access), err
	}
	u, err := origin.relative(address)
	if err != nil {
		return nil, err
	}
	return Remote(u, access), nil
}

func (l *local) store() (*filesystem.Storage, error) {
	dir := l.path
	if l.find {
		if info, err := os.Stat(filepath.Join(dir, ".git")); err == nil && info.IsDir() {
			dir = filepath.Join(dir, ".git")
		}
	}
	for _, part := range []string{"HEAD", "objects"} {
		if _, err := os.Stat(filepath.Join(dir, part)); err != nil {
			return nil, &AccessError{Repository: l.Name(), Err: errors.New("it is no git repository: it has no .git folder, and is no bare one")}
		}
	}
	return openStore(dir), nil
}

// List implements Repository.
func (l *local) List(context.Context) (*Listing, error) {
	store, err := l.store()
	if err != nil {
		return nil, err
	}
	out := &Listing{Refs: map[string]string{}, Peeled: map[string]string{}, Symbolic: map[string]string{}}
	refs, err := store.IterReferences()
	if err != nil {
		return nil, &AccessError{Repository: l.Name(), Err: err}
	}
	err = refs.ForEach(func(ref *plumbing.Reference) error {
		name := ref.Name().String()
		resolved, err := storer.ResolveReference(store, ref.Name())
		if err != nil {
			return nil // a branch without commits yet
		}
		if ref.Type() == plumbing.SymbolicReference {
			out.Symbolic[name] = resolved.Name().String()
		}
		out.Refs[name] = resolved.Hash().String()
		if commit, err := peel(store, resolved.Hash()); err == nil && commit != resolved.Hash() {
			out.Peeled[name] = commit.String()
		}
		return nil
	})
	if err != nil {
		return nil, &AccessError{Repository: l.Name(), Err: err}
	}
	return out, nil
}

// peel returns what a tag object stands for.
func peel(store storer.EncodedObjectStorer, id plumbing.Hash) (plumbing.Hash, error) {
	const deepest = 10
	for range deepest {
		tag, err := object.GetTag(store, id)
		if isMissing(err) {
			return id, nil
		}
		if err != nil {
			return id, err
		}
		id = tag.Target
	}
	return id, fmt.Errorf("tag %s stands for a tag, and so on", id)
}

// Fetch implements Repository.
func (l *local) Fetch(_ context.Context, ids []string, _ int, use func(storage.Storer) error) error {
	store, err := l.store()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if store.HasEncodedObject(plumbing.NewHash(id)) != nil {
			return &CommitError{l.Name(), id}
		}
	}
	return use(store)
}
