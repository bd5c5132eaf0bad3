//go:build linux

package main

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// setModes gives paths in the tree at root the modes before them, where a umask
// has kept them from having those.
func setModes(root string, modes []string) error {
	const umask = 0o022
	if err := syscall.Chroot(root); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	for ; len(modes) >= 2; modes = modes[2:] {
		mode, err := strconv.ParseUint(modes[0], 8, 32)
		if err != nil {
			return err
		}
		info, err := os.Stat(modes[1])
		if err != nil {
			return err
		}
		if info.Mode().Perm() != fs.FileMode(mode)&fs.ModePerm&^umask {
			continue
		}
		times := info.ModTime()
		if err := os.Chmod(modes[1], fs.FileMode(mode)&fs.ModePerm|info.Mode()&(fs.ModeSticky|fs.ModeSetuid|fs.ModeSetgid)); err != nil {
			return err
		}
		if err := os.Chtimes(modes[1], times, times); err != nil {
			return err
		}
	}
	return nil
}
