//go:build linux

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// applyChanges makes in the tree at target what makes after of before.
func applyChanges(before, after, target string) error {
	found, err := compareTrees(before, after)
	if err != nil {
		return err
	}
	syscall.Umask(0)
	for _, d := range found {
		if d.kind != protocol.ChangeRemoved {
			continue
		}
		if err := os.RemoveAll(filepath.Join(target, d.rel)); err != nil && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
	}
	to := differ{lower: before, upper: after, out: target, copied: map[uint64]string{}}
	for _, d := range found {
		if d.kind == protocol.ChangeRemoved {
			continue
		}
		if there, err := clear(filepath.Join(target, d.rel), d.after.IsDir()); err != nil || there {
			if err != nil {
				return err
			}
			continue
		}
		if err := to.copy(d.rel, d.after); err != nil {
			return err
		}
	}
	for i := len(to.folders) - 1; i >= 0; i-- {
		if err := to.times(to.folders[i]); err != nil {
			return err
		}
	}
	return nil
}

// clear removes what is in the way of something, unless it is a folder where one
// is wanted.
func clear(path string, folder bool) (there bool, err error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case folder && info.IsDir():
		return true, nil
	}
	return false, os.RemoveAll(path)
}
