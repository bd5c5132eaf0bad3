package core

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// staging is where an export is written before it takes its place by rename. It
// lies in the target folder, which may be a mount of its own, or beside it when
// there is none yet.
type staging struct {
	target string
	exists bool
	dir    string
	tree   string // what is to be exported
	old    string // what wiping has put aside
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
// by file otherwise.
func (s *staging) place(wipe bool) error {
	if !s.exists {
		return os.Rename(s.tree, s.target)
	}
	if wipe {
		if err := s.putAside(); err != nil {
			return err
		}
	}
	if err := merge(s.tree, s.target, false); err != nil {
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
	for i, entry := range entries {
		from := filepath.Join(s.target, entry.Name())
		if from == s.dir {
			continue
		}
		if err := os.Rename(from, filepath.Join(s.old, entry.Name())); err != nil {
			for _, moved := range entries[:i] {
				_ = os.Rename(filepath.Join(s.old, moved.Name()), filepath.Join(s.target, moved.Name()))
			}
			return err
		}
	}
	return nil
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
