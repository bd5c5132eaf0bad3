//go:build linux

// Package tree reads the files of a volume into packs, and writes them back. Start
// with Save and Restore.
package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// staging is the folder of a volume that is being restored. Where there is one, the
// volume is incomplete.
const staging = ".bodkin-restoring"

// stamp is what changes whenever a file does.
type stamp struct {
	Inode uint64 `json:"i"`
	CTime int64  `json:"c"`
}

// entry is a file of the volume as it was found.
type entry struct {
	wire.File
	stamp
}

// scan lists a volume, folders before what is in them, in the order of names. What
// goes away meanwhile is left out.
func scan(root string) (entries []entry, skipped int, err error) {
	type inode struct{ dev, ino uint64 }
	first := map[inode]wire.Name{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(path, root), "/")
		if rel == staging {
			return fs.SkipDir
		}
		e, st, err := lookAt(path, rel)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.Type == "":
			skipped++
			return nil
		}
		if e.Type == wire.Regular && st.Nlink > 1 {
			id := inode{st.Dev, st.Ino}
			if of, ok := first[id]; ok {
				e.File = wire.File{Path: e.Path, Type: wire.HardLink, Link: of}
			} else {
				first[id] = e.Path
			}
		}
		entries = append(entries, e)
		return nil
	})
	return entries, skipped, err
}

// lookAt describes one file. Its type is empty where it cannot travel.
func lookAt(path, rel string) (e entry, st syscall.Stat_t, err error) {
	if err := syscall.Lstat(path, &st); err != nil {
		return e, st, &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	if rel == "" {
		rel = "."
	}
	e.File = wire.File{
		Path: wire.Name(rel), Mode: st.Mode & 0o7777, UID: int(st.Uid), GID: int(st.Gid), MTime: st.Mtim.Nano(),
	}
	e.stamp = stamp{st.Ino, st.Ctim.Nano()}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		e.Type = wire.Dir
	case syscall.S_IFREG:
		e.Type, e.Size = wire.Regular, st.Size
	case syscall.S_IFIFO:
		e.Type = wire.Fifo
	case syscall.S_IFLNK:
		e.Type = wire.Symlink
		target, err := os.Readlink(path)
		if err != nil {
			return e, st, err
		}
		e.Link = wire.Name(target)
	}
	return e, st, nil
}
