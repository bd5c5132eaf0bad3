package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/index"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
)

// CheckoutOptions say what a checkout has beside the files.
type CheckoutOptions struct {
	// DiscardGitDir leaves out the .git folder.
	DiscardGitDir bool
	// Depth is how many commits its history has; 0: all of them.
	Depth int
	// Tags are the tags that it has, by whole names, with what they stand for: a
	// commit, or a tag object.
	Tags map[string]string
}

// Checkout writes the files of a ref's commit to an empty folder, with submodules.
// The same commit makes the same files, down to their times.
func Checkout(ctx context.Context, repo Repository, ref Ref, dir string, o CheckoutOptions) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := checkout(ctx, repo, ref, root, o, place{gitDir: ".git"}); err != nil {
		return fmt.Errorf("checking out %s of git repository %s: %w", describe(ref), repo.Name(), err)
	}
	return nil
}

func describe(ref Ref) string {
	if ref.Name == "" {
		return "commit " + ref.Commit
	}
	return fmt.Sprintf("%s (commit %s)", ref.Name, ref.Commit)
}

// place is where a checkout lies within the outermost one.
type place struct {
	worktree string // empty: it is the outermost
	gitDir   string
	depth    int // of submodules
}

func checkout(ctx context.Context, repo Repository, ref Ref, root *os.Root, o CheckoutOptions, at place) error {
	ids := []string{ref.Commit}
	for _, id := range o.Tags {
		ids = append(ids, id)
	}
	return repo.Fetch(ctx, ids, o.Depth, func(store storage.Storer) error {
		id, err := peel(store, plumbing.NewHash(ref.Commit))
		if err != nil {
			return err
		}
		commit, err := object.GetCommit(store, id)
		if err != nil {
			return &CommitError{repo.Name(), ref.Commit}
		}
		ref.Commit = id.String()
		tree, err := commit.Tree()
		if err != nil {
			return err
		}
		w := &worktree{ctx: ctx, root: root, base: at.worktree, time: commit.Committer.When, store: store}
		if err := w.write("", tree); err != nil {
			return err
		}
		modules, err := submodules(ctx, repo, tree, w, root, o, at)
		if err != nil {
			return err
		}
		if !o.DiscardGitDir {
			if err := writeGitDir(root, at, store, repo.Origin(), ref, w.entries, modules, o); err != nil {
				return fmt.Errorf("writing .git: %w", err)
			}
		}
		return w.setTimes()
	})
}

// worktree writes the files of a commit.
type worktree struct {
	ctx   context.Context
	root  *os.Root
	base  string
	time  time.Time
	store storage.Storer

	entries    []*index.Entry
	submodules map[string]plumbing.Hash // by path
	folders    []string
}

// write writes a tree to the folder at.
func (w *worktree) write(at string, tree *object.Tree) error {
	if err := w.ctx.Err(); err != nil {
		return context.Cause(w.ctx)
	}
	if folder := path.Join(w.base, at); folder != "" {
		if err := w.root.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		w.folders = append(w.folders, folder)
	}
	for _, entry := range tree.Entries {
		if err := checkName(entry.Name); err != nil {
			return err
		}
		name := path.Join(at, entry.Name)
		if err := w.entry(name, entry); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// checkName refuses names that git does not check out either: a .git within the
// files would be taken for that of the checkout.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || strings.EqualFold(name, ".git") {
		return fmt.Errorf("the repository has a file of the name %q, which is not allowed", name)
	}
	return nil
}

func (w *worktree) entry(name string, entry object.TreeEntry) error {
	if entry.Mode == filemode.Dir {
		tree, err := object.GetTree(w.store, entry.Hash)
		if err != nil {
			return err
		}
		return w.write(name, tree)
	}
	w.entries = append(w.entries, &index.Entry{Hash: entry.Hash, Name: name, Mode: entry.Mode})
	switch entry.Mode {
	case filemode.Submodule:
		if w.submodules == nil {
			w.submodules = map[string]plumbing.Hash{}
		}
		w.submodules[name] = entry.Hash
		return w.root.MkdirAll(path.Join(w.base, name), 0o755)
	case filemode.Symlink:
		return w.symlink(name, entry.Hash)
	case filemode.Executable:
		return w.file(name, entry.Hash, 0o755)
	default:
		return w.file(name, entry.Hash, 0o644)
	}
}

func (w *worktree) file(name string, id plumbing.Hash, mode os.FileMode) (err error) {
	content, err := w.open(id)
	if err != nil {
		return err
	}
	defer content.Close()
	at := path.Join(w.base, name)
	file, err := w.root.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	if err := file.Chmod(mode); err != nil { // whatever the umask is
		return err
	}
	return w.root.Chtimes(at, w.time, w.time)
}

func (w *worktree) open(id plumbing.Hash) (io.ReadCloser, error) {
	blob, err := object.GetBlob(w.store, id)
	if err != nil {
		return nil, err
	}
	return blob.Reader()
}

func (w *worktree) symlink(name string, id plumbing.Hash) error {
	content, err := w.open(id)
	if err != nil {
		return err
	}
	defer content.Close()
	const longest = 4096
	target, err := io.ReadAll(io.LimitReader(content, longest))
	if err != nil {
		return err
	}
	return w.root.Symlink(string(target), path.Join(w.base, name))
}

// setTimes sets those of the folders, once nothing is written to them any more.
func (w *worktree) setTimes() error {
	for _, folder := range w.folders {
		if err := w.root.Chtimes(folder, w.time, w.time); err != nil {
			return err
		}
	}
	if w.base == "" {
		return w.root.Chtimes(".", w.time, w.time)
	}
	return nil
}
