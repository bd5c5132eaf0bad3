package gitrepo

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage"
)

// Restore finds out what makes the files in a folder other than those of a commit:
// what is there beyond them, and is not ignored, or is different, is removed; what
// is different or missing is written to the folder into. A .git folder, submodules
// and what is ignored are left alone.
func Restore(ctx context.Context, repo Repository, commit, dir, into string, ignored func(path []string, isDir bool) bool) (remove []string, err error) {
	root, err := os.OpenRoot(into)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	err = repo.Fetch(ctx, []string{commit}, 1, func(store storage.Storer) error {
		found, err := object.GetCommit(store, plumbing.NewHash(commit))
		if err != nil {
			return &CommitError{repo.Name(), commit}
		}
		tree, err := found.Tree()
		if err != nil {
			return err
		}
		c := &comparison{tracked: map[string]object.TreeEntry{}, folders: map[string]bool{}, dir: dir, ignored: ignored}
		if err := c.collect(store, tree, ""); err != nil {
			return err
		}
		if err := c.walk(""); err != nil {
			return err
		}
		remove = c.remove
		return c.restore(&worktree{ctx: ctx, root: root, time: found.Committer.When, store: store})
	})
	return remove, err
}

// comparison is of a folder with the files of a commit.
type comparison struct {
	tracked map[string]object.TreeEntry
	folders map[string]bool // of tracked files
	dir     string
	ignored func(path []string, isDir bool) bool

	same   map[string]bool
	remove []string
}

func (c *comparison) collect(store storage.Storer, tree *object.Tree, at string) error {
	for _, entry := range tree.Entries {
		name := path.Join(at, entry.Name)
		if entry.Mode != filemode.Dir {
			c.tracked[name] = entry
			continue
		}
		c.folders[name] = true
		below, err := object.GetTree(store, entry.Hash)
		if err != nil {
			return err
		}
		if err := c.collect(store, below, name); err != nil {
			return err
		}
	}
	return nil
}

// walk looks at a folder. It notes what is to be removed, as few paths as possible.
func (c *comparison) walk(at string) error {
	entries, err := os.ReadDir(filepath.Join(c.dir, filepath.FromSlash(at)))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(at, entry.Name())
		tracked, known := c.tracked[name]
		switch {
		case name == ".git" || known && tracked.Mode == filemode.Submodule:
		case known:
			err = c.compare(name, entry, tracked)
		case entry.IsDir() && c.folders[name]:
			err = c.walk(name)
		case entry.IsDir() && !c.ignored(strings.Split(name, "/"), true):
			err = c.untracked(name)
		case !c.ignored(strings.Split(name, "/"), entry.IsDir()):
			c.remove = append(c.remove, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// untracked removes a folder that the commit does not have, but not what in it is
// ignored.
func (c *comparison) untracked(at string) error {
	keep := false
	err := filepath.WalkDir(filepath.Join(c.dir, filepath.FromSlash(at)), func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(c.dir, p)
		if err != nil {
			return err
		}
		if c.ignored(strings.Split(filepath.ToSlash(rel), "/"), entry.IsDir()) {
			keep = true
			return filepath.SkipAll
		}
		return nil
	})
	if err != nil || keep {
		if err == nil {
			err = c.walk(at)
		}
		return err
	}
	c.remove = append(c.remove, at)
	return nil
}

func (c *comparison) compare(name string, entry fs.DirEntry, tracked object.TreeEntry) error {
	mode, id, err := c.hash(name, entry)
	if err != nil {
		return err
	}
	want := tracked.Mode
	if want == filemode.Deprecated {
		want = filemode.Regular
	}
	if mode != want || id != tracked.Hash {
		c.remove = append(c.remove, name)
		return nil
	}
	if c.same == nil {
		c.same = map[string]bool{}
	}
	c.same[name] = true
	return nil
}

// hash is what git would note of a file.
func (c *comparison) hash(name string, entry fs.DirEntry) (filemode.FileMode, plumbing.Hash, error) {
	at := filepath.Join(c.dir, filepath.FromSlash(name))
	if entry.Type()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(at)
		return filemode.Symlink, plumbing.ComputeHash(plumbing.BlobObject, []byte(target)), err
	}
	if !entry.Type().IsRegular() {
		return filemode.Empty, plumbing.ZeroHash, nil
	}
	info, err := entry.Info()
	if err != nil {
		return filemode.Empty, plumbing.ZeroHash, err
	}
	content, err := os.ReadFile(at)
	mode := filemode.Regular
	if info.Mode()&0o100 != 0 {
		mode = filemode.Executable
	}
	return mode, plumbing.ComputeHash(plumbing.BlobObject, content), err
}

// restore writes the files that are not there as the commit has them.
func (c *comparison) restore(w *worktree) error {
	var names []string
	for name, entry := range c.tracked {
		if !c.same[name] && entry.Mode != filemode.Submodule {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for part := range strings.SplitSeq(name, "/") {
			if err := checkName(part); err != nil {
				return err
			}
		}
		if folder := path.Dir(name); folder != "." {
			if err := w.root.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		if err := w.entry(name, c.tracked[name]); err != nil {
			return fmt.Errorf("restoring %s: %w", name, err)
		}
	}
	return nil
}
