//go:build linux

package tree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// Restoring is a volume that is being filled.
type Restoring struct {
	volume Volume
	unlock func()
	root   string // of the staging folder
}

// Begin prepares a volume to be filled. It returns nil where the volume has
// content of its own; what an interrupted Restore has left is removed. The caller
// calls Close.
func Begin(v Volume) (*Restoring, error) {
	unlock, err := lock(v)
	if err != nil {
		return nil, err
	}
	r := &Restoring{volume: v, unlock: unlock, root: filepath.Join(v.Dir, staging)}
	empty, err := r.clear()
	if err != nil || !empty {
		unlock()
		return nil, err
	}
	return r, nil
}

// clear makes the volume empty if nobody's content is in it.
func (r *Restoring) clear() (empty bool, err error) {
	entries, err := os.ReadDir(r.volume.Dir)
	if err != nil {
		return false, err
	}
	_, err = os.Lstat(r.root)
	interrupted := err == nil
	if len(entries) > 0 && !interrupted {
		same, err := r.volume.isFirst()
		if err != nil || !same {
			return false, err
		}
	}
	// The staging folder goes last: it says that the volume is incomplete.
	if err := os.MkdirAll(r.root, 0o700); err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.Name() == staging {
			continue
		}
		if err := os.RemoveAll(filepath.Join(r.volume.Dir, e.Name())); err != nil {
			return false, err
		}
	}
	if err := os.RemoveAll(r.root); err != nil {
		return false, err
	}
	return true, os.Mkdir(r.root, 0o700)
}

// isFirst reports whether the volume holds its first content and nothing else.
func (v Volume) isFirst() (bool, error) {
	if v.First == "" {
		return false, nil
	}
	mine, _, err := scan(v.Dir)
	if err != nil {
		return false, err
	}
	first, _, err := scan(v.First)
	if err != nil || len(mine) != len(first) {
		return false, err
	}
	for i, e := range mine {
		f := first[i]
		if e.Path != f.Path || e.Type != f.Type || e.Mode != f.Mode || e.Size != f.Size || e.Link != f.Link || (e.Type == wire.Regular && e.MTime != f.MTime) {
			return false, nil
		}
	}
	return true, nil
}

// Close gives the volume back. What was not finished is removed.
func (r *Restoring) Close() error {
	defer r.unlock()
	return os.RemoveAll(r.root)
}

// Fill writes what index describes. next returns packs with their numbers, as they
// come, and io.EOF after the last one. The volume is changed once all is there.
func (r *Restoring) Fill(index *wire.Index, next func() (int, []byte, error)) error {
	syscall.Umask(0)
	if err := r.makeDirs(index); err != nil {
		return fmt.Errorf("making folders: %w", err)
	}
	w, err := newWriters(r.root, index)
	if err != nil {
		return err
	}
	var group errgroup.Group
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error { return w.work(next) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := w.complete(); err != nil {
		return err
	}
	if err := r.links(index); err != nil {
		return fmt.Errorf("making links: %w", err)
	}
	if err := r.finishDirs(index); err != nil {
		return fmt.Errorf("finishing folders: %w", err)
	}
	return r.publish(index)
}

func (r *Restoring) at(p wire.Name) string { return filepath.Join(r.root, string(p)) }

func (r *Restoring) makeDirs(index *wire.Index) error {
	for _, f := range index.Files {
		if f.Type == wire.Dir && f.Path != "." {
			if err := os.Mkdir(r.at(f.Path), 0o700); err != nil {
				return err
			}
		}
	}
	return nil
}

// links comes after all files were written: nothing is written through a link.
func (r *Restoring) links(index *wire.Index) error {
	for _, f := range index.Files {
		var err error
		switch f.Type {
		case wire.HardLink:
			err = os.Link(r.at(f.Link), r.at(f.Path))
		case wire.Symlink:
			if err = os.Symlink(string(f.Link), r.at(f.Path)); err == nil {
				err = attributes(r.at(f.Path), f)
			}
		case wire.Fifo:
			if err = unix.Mkfifo(r.at(f.Path), 0o600); err == nil {
				err = attributes(r.at(f.Path), f)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finishDirs gives folders their attributes, those within others first.
func (r *Restoring) finishDirs(index *wire.Index) error {
	for i := len(index.Files) - 1; i >= 0; i-- {
		if f := index.Files[i]; f.Type == wire.Dir && f.Path != "." {
			if err := attributes(r.at(f.Path), f); err != nil {
				return err
			}
		}
	}
	return nil
}

// attributes gives a file its owner, mode and time, in this order: a new owner
// costs the set-user-ID bit.
func attributes(path string, f wire.File) error {
	if err := os.Lchown(path, f.UID, f.GID); err != nil {
		return err
	}
	if f.Type != wire.Symlink {
		if err := unix.Chmod(path, f.Mode); err != nil {
			return &os.PathError{Op: "chmod", Path: path, Err: err}
		}
	}
	return setTime(unix.AT_FDCWD, path, f.MTime)
}

func setTime(dir int, path string, mtime int64) error {
	times := []unix.Timespec{unix.NsecToTimespec(mtime), unix.NsecToTimespec(mtime)}
	if err := unix.UtimesNanoAt(dir, path, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "utimensat", Path: path, Err: err}
	}
	return nil
}

// publish moves everything into place. What somebody else has put there meanwhile
// stays.
func (r *Restoring) publish(index *wire.Index) error {
	root := wire.File{}
	for _, f := range index.Files {
		if f.Path == "." {
			root = f
		}
		if f.Path == "." || strings.Contains(string(f.Path), "/") {
			continue
		}
		err := unix.Renameat2(unix.AT_FDCWD, r.at(f.Path), unix.AT_FDCWD, r.volume.path(f.Path), unix.RENAME_NOREPLACE)
		if errors.Is(err, unix.EINVAL) {
			err = os.Rename(r.at(f.Path), r.volume.path(f.Path))
		}
		if err != nil && !errors.Is(err, unix.EEXIST) && !errors.Is(err, unix.ENOTEMPTY) {
			return fmt.Errorf("moving %s into place: %w", f.Path, err)
		}
	}
	r.remember(index)
	if err := os.RemoveAll(r.root); err != nil {
		return err
	}
	if root.Path == "" {
		return nil
	}
	return attributes(r.volume.Dir, root)
}

// remember notes the files' stamps, so that saving does not read them again.
func (r *Restoring) remember(index *wire.Index) {
	entries := make([]entry, 0, len(index.Files))
	hashes := make(map[wire.Name][]string, len(index.Files))
	for _, f := range index.Files {
		if f.Type != wire.Regular {
			continue
		}
		found, _, err := lookAt(r.volume.path(f.Path), string(f.Path))
		if err != nil || found.Size != f.Size || found.MTime != f.MTime {
			continue // somebody else's
		}
		entries = append(entries, found)
		for _, c := range f.Chunks {
			hashes[f.Path] = append(hashes[f.Path], index.Chunks[c].Hash)
		}
	}
	time.Sleep(2 * settle)
	_ = newState(entries, func(e entry) []string { return hashes[e.Path] }, time.Now()).save(r.volume.State, r.volume.Name)
}
