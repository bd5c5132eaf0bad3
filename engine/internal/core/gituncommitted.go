package core

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
)

// Uncommitted are the changes between the commit that is checked out in a
// directory's repository and the directory itself. Other repositories have none.
func (g *Git) Uncommitted(ctx context.Context, s *buildkit.Session, r GitRepository, temp func() (string, error)) (Changeset, error) {
	head, err := g.Ref(ctx, r, "HEAD")
	if err != nil {
		return Changeset{}, err
	}
	if r.Worktree == nil {
		tree, err := g.Tree(ctx, s, head, GitTreeOptions{Depth: 1})
		return Changeset{Before: tree, After: tree}, err
	}
	dirty := *r.Worktree
	if _, err := dirty.Stat(ctx, s, ".git"); errors.Is(err, fs.ErrNotExist) {
		return Changeset{Before: dirty, After: dirty}, nil // a bare repository
	}
	base, err := temp()
	if err != nil {
		return Changeset{}, err
	}
	if base, err = os.MkdirTemp(base, "uncommitted-"); err != nil {
		return Changeset{}, err
	}
	files, restored := filepath.Join(base, "files"), filepath.Join(base, "restored")
	if err := os.Mkdir(restored, 0o755); err != nil {
		return Changeset{}, err
	}
	without := dirty.Filter(CopyOptions{Exclude: []string{".git/*", "!.git/info"}})
	if err := without.Export(ctx, s, files, false); err != nil {
		return Changeset{}, err
	}
	patterns, err := readIgnoreFiles(files, nil)
	if err != nil {
		return Changeset{}, err
	}
	if own, err := os.ReadFile(filepath.Join(files, ".git", "info", "exclude")); err == nil {
		patterns = append(parseIgnore(string(own), nil), patterns...)
	}
	remove, err := gitrepo.Restore(ctx, r.Repo, head.Ref.Commit, files, restored, gitignore.NewMatcher(patterns).Match)
	if err != nil {
		return Changeset{}, err
	}
	clean, err := dirty.restored(s, remove, restored)
	return Changeset{Before: clean, After: dirty}, err
}

// restored returns the directory without paths, and with the files of a folder of
// this machine.
func (d Directory) restored(s *buildkit.Session, remove []string, folder string) (Directory, error) {
	clean := d
	if len(remove) > 0 {
		clean = d.WithoutExactly(remove...)
	}
	files, err := fsutil.NewFS(folder)
	if err != nil {
		return d, err
	}
	st, err := s.HostDir(buildkit.HostDir{Name: "restored:" + folder, FS: files, Hint: folder, Folder: hostFolder, Label: "restore files of git"})
	if err != nil {
		return d, err
	}
	return clean.WithDirectory("/", Directory{State: st, Path: "/" + hostFolder, Platform: d.Platform}, CopyOptions{}), nil
}
