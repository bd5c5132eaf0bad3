package core

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// staging is where an export is written before it takes its place by rename. It
// lies in the target folder, which may be a mount of its own, or beside it when
// there is none yet.
type staging struct {
	target string
	exists bool
	dir    string
	tree   string // what is to be exported
	old    string // what was withdrawn from the target, by number

	withdrawn []string // the paths of it, "" where there was nothing
}

func newStaging(target string) (*staging, error) {
	s := &staging{target: target}
	info, err := os.Stat(target)
	switch {
	case err == nil && !info.IsDir():
		return nil, errors.New("a file is in the way")
	case err == nil:
		s.exists = true
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	place := target
	if !s.exists {
		place = filepath.Dir(target)
		if err := os.MkdirAll(place, 0o755); err != nil {
			return nil, err
		}
	}
	if s.dir, err = os.MkdirTemp(place, ".bodkin-export-"); err != nil {
		return nil, err
	}
	s.tree, s.old = filepath.Join(s.dir, "tree"), filepath.Join(s.dir, "old")
	return s, errors.Join(os.Mkdir(s.tree, 0o755), os.Mkdir(s.old, 0o700))
}

func (s *staging) remove() { _ = os.RemoveAll(s.dir) }

// place moves the tree to the target: as a whole where nothing is there, file
// by file otherwise, once prepare has made room.
func (s *staging) place(prepare func(*staging) error) error {
	if !s.exists {
		return os.Rename(s.tree, s.target)
	}
	if err := prepare(s); err != nil {
		return err
	}
	if err := merge(s.tree, s.target, false); err != nil {
		s.restore()
		return err
	}
	return merge(s.tree, s.target, true)
}

// putAside empties the target, or leaves it as it was.
func (s *staging) putAside() error {
	entries, err := os.ReadDir(s.target)
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range entries {
		if entry.Name() != filepath.Base(s.dir) {
			names = append(names, entry.Name())
		}
	}
	return s.withdraw(names)
}

// withdraw takes paths out of the target, all or none. It follows no link out of
// the target. What is not there is no error.
func (s *staging) withdraw(paths []string) error {
	root, err := os.OpenRoot(s.target)
	if err != nil {
		return err
	}
	defer root.Close()
	for i, p := range paths {
		p = filepath.Clean(p)
		err := root.Rename(p, s.aside(i))
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
			p = ""
		case err != nil:
			s.restore()
			return err
		}
		s.withdrawn = append(s.withdrawn, p)
	}
	return nil
}

// aside is where the path with a number lies meanwhile, within the target.
func (s *staging) aside(i int) string {
	return filepath.Join(filepath.Base(s.dir), filepath.Base(s.old), strconv.Itoa(i))
}

// restore puts back what was withdrawn.
func (s *staging) restore() {
	root, err := os.OpenRoot(s.target)
	if err != nil {
		return
	}
	defer root.Close()
	for i, p := range s.withdrawn {
		if p != "" {
			_ = root.Rename(s.aside(i), p)
		}
	}
	s.withdrawn = nil
}

// merge moves everything in one folder to another, or only checks that nothing
// of another kind is in the way.
func merge(from, to string, move bool) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		src, dst := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		there, err := os.Lstat(dst)
		switch {
		case err == nil && there.IsDir() && entry.IsDir():
			err = merge(src, dst, move)
		case err == nil && there.IsDir():
			err = fmt.Errorf("folder %s is in the way of a file", dst)
		case err == nil && entry.IsDir():
			err = fmt.Errorf("file %s is in the way of a folder", dst)
		case move:
			err = os.Rename(src, dst)
		default:
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
