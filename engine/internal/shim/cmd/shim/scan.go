//go:build linux

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// scanned is a tree: its paths, each after the folder that it lies in, and what
// they lead to.
type scanned struct {
	root   string
	paths  []string
	inodes map[string]*inode
}

// inode is a file or folder with all the paths that lead to it.
type inode struct {
	stat  *syscall.Stat_t
	names []string
}

// scan looks at a whole tree. It follows no links.
func scan(root string) (*scanned, error) {
	s := &scanned{root: root, inodes: map[string]*inode{}}
	linked := map[uint64]*inode{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == root {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, stat := path[len(root)+1:], info.Sys().(*syscall.Stat_t)
		n := linked[stat.Ino]
		if n == nil || info.IsDir() {
			n = &inode{stat: stat}
			if stat.Nlink > 1 && !info.IsDir() {
				linked[stat.Ino] = n
			}
		}
		n.names = append(n.names, name)
		s.paths, s.inodes[name] = append(s.paths, name), n
		return nil
	})
	return s, err
}

func (s *scanned) path(name string) string { return s.root + "/" + name }

// target is where a symbolic link leads, "" for anything else.
func (s *scanned) target(name string) (string, error) {
	if !s.inodes[name].is(syscall.S_IFLNK) {
		return "", nil
	}
	return os.Readlink(s.path(name))
}

// is reports whether n is of a type, one of syscall.S_IF….
func (n *inode) is(kind uint32) bool { return n.stat.Mode&syscall.S_IFMT == kind }
