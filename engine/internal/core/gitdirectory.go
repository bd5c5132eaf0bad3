package core

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/go-git/go-git/v5/storage"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
)

// directoryRepo is the repository of a directory: what git keeps of it comes to
// this machine when it is asked for, once.
type directoryRepo struct {
	dir     Directory
	session *buildkit.Session
	temp    func() (string, error)

	mu     sync.Mutex
	opened gitrepo.Repository
}

// AsGit makes a repository of a directory. temp returns the session's own folder
// on this machine.
func (d Directory) AsGit(s *buildkit.Session, key string, temp func() (string, error)) GitRepository {
	return GitRepository{Repo: &directoryRepo{dir: d, session: s, temp: temp}, Key: key, Worktree: &d}
}

const directoryRepoName = "of a directory"

// Name implements gitrepo.Repository.
func (r *directoryRepo) Name() string { return directoryRepoName }

func (r *directoryRepo) open(ctx context.Context) (gitrepo.Repository, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened != nil {
		return r.opened, nil
	}
	source, err := r.gitDir(ctx)
	if err != nil {
		return nil, err
	}
	temp, err := r.temp()
	if err != nil {
		return nil, err
	}
	into, err := os.MkdirTemp(temp, "git-")
	if err != nil {
		return nil, err
	}
	into = filepath.Join(into, "git")
	if err := source.Export(ctx, r.session, into, false); err != nil {
		return nil, err
	}
	r.opened = gitrepo.Open(directoryRepoName, into)
	return r.opened, nil
}

// gitDir is what git keeps: the folder .git, or all of a bare repository.
func (r *directoryRepo) gitDir(ctx context.Context) (Directory, error) {
	st, err := r.dir.Stat(ctx, r.session, ".git")
	switch {
	case err == nil && st.IsDir():
		return r.dir.Directory(".git"), nil
	case err == nil:
		return Directory{}, errors.New("the directory is no git repository of its own: its .git is a file that points elsewhere")
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		return Directory{}, err
	}
	if _, err := r.dir.Stat(ctx, r.session, "HEAD"); err != nil {
		return Directory{}, errors.New("the directory is no git repository: it has no .git folder (was it excluded?)")
	}
	return r.dir, nil
}

// Origin implements gitrepo.Repository.
func (r *directoryRepo) Origin() gitrepo.URL {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opened == nil {
		return gitrepo.URL{}
	}
	return r.opened.Origin()
}

// List implements gitrepo.Repository.
func (r *directoryRepo) List(ctx context.Context) (*gitrepo.Listing, error) {
	opened, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	return opened.List(ctx)
}

// Fetch implements gitrepo.Repository.
func (r *directoryRepo) Fetch(ctx context.Context, ids []string, depth int, use func(storage.Storer) error) error {
	opened, err := r.open(ctx)
	if err != nil {
		return err
	}
	return opened.Fetch(ctx, ids, depth, use)
}

// Submodule implements gitrepo.Repository.
func (r *directoryRepo) Submodule(address string) (gitrepo.Repository, error) {
	opened, err := r.open(context.Background())
	if err != nil {
		return nil, err
	}
	return opened.Submodule(address)
}
