//go:build linux

package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

var volumeCommands = map[string]command{
	"facts":    facts,
	"copytree": copyTree,
	"settime":  setTime,
	"random-file": func(args []string) error {
		return randomFile(args[0], args[1])
	},
}

// facts lists everything below a folder with all that a copy must keep: type, mode,
// owner, size, time in ns, links, hard links by the first name, content.
func facts(args []string) error {
	first := map[uint64]string{}
	return filepath.WalkDir(args[0], func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st syscall.Stat_t
		if err := syscall.Lstat(p, &st); err != nil {
			return err
		}
		line := fmt.Sprintf("%q %o %d:%d %d", p, st.Mode, st.Uid, st.Gid, st.Mtim.Nano())
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			line += " -> " + target
		case d.Type().IsRegular():
			if first[st.Ino] == "" {
				first[st.Ino] = p
			}
			sum, err := sumOf(p)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %d %s same as %q of %d", st.Size, sum, first[st.Ino], st.Nlink)
		}
		fmt.Println(line)
		return nil
	})
}

func sumOf(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return fmt.Sprintf("%x", sum.Sum(nil)), err
}

// copyTree copies what is in a folder to another one, with times.
func copyTree(args []string) error {
	from, to := args[0], args[1]
	return filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == from {
			return err
		}
		target := filepath.Join(to, p[len(from):])
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, content, info.Mode().Perm()); err != nil {
			return err
		}
		return os.Chtimes(target, info.ModTime(), info.ModTime())
	})
}

// setTime sets when a path was last modified, in ns since 1970, also of a link.
func setTime(args []string) error {
	ns, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	return os.Chtimes(args[1], time.Unix(0, ns), time.Unix(0, ns))
}

// randomFile writes a file that does not compress, of a size in KiB.
func randomFile(path, size string) error {
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	random, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer random.Close()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(f, random, int64(n)<<10); err != nil {
		return err
	}
	return f.Close()
}
