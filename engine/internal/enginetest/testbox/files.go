//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

var fileCommands = map[string]command{
	"cat":   cat,
	"ls":    ls,
	"tree":  tree,
	"stat":  stat,
	"write": write,
	"named": named,
	"hexnames": func(args []string) error {
		entries, err := os.ReadDir(args[0])
		for _, entry := range entries {
			fmt.Printf("%x\n", entry.Name())
		}
		return err
	},
	"append": appendTo,
	"mkdir":  func(args []string) error { return each(args, func(p string) error { return os.MkdirAll(p, 0o755) }) },
	"rm":     func(args []string) error { return each(args, os.RemoveAll) },
	"ln":     func(args []string) error { return os.Symlink(args[0], args[1]) },
	"link":   func(args []string) error { return os.Link(args[0], args[1]) },
	"fifo":   func(args []string) error { return syscall.Mkfifo(args[0], 0o644) },
	"chmod":  chmod,
	"chown":  chown,
	"mtime":  mtime,
	"hash":   hash,
	"count":  count,
	"big":    big,
	"hexdump": func(args []string) error {
		content, err := os.ReadFile(args[0])
		fmt.Printf("%x\n", content)
		return err
	},
}

func each(paths []string, do func(string) error) error {
	for _, p := range paths {
		if err := do(p); err != nil {
			return err
		}
	}
	return nil
}

// cat writes files, or stdin, to stdout.
func cat(args []string) error {
	if len(args) == 0 {
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	}
	return each(args, func(p string) error {
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(os.Stdout, f)
		return err
	})
}

// ls lists the names in folders, one per line.
func ls(args []string) error {
	return each(args, func(p string) error {
		entries, err := os.ReadDir(p)
		for _, e := range entries {
			fmt.Println(e.Name())
		}
		return err
	})
}

// tree lists everything below folders as stat does.
func tree(args []string) error {
	return each(args, func(root string) error {
		return filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
			if err != nil || p == root {
				return err
			}
			return stat([]string{p})
		})
	})
}

// stat writes a line per path: path type permissions uid:gid size, and the
// target of a link. Permissions are octal, with set-uid, set-gid and sticky bits.
func stat(args []string) error {
	return each(args, func(p string) error {
		var st syscall.Stat_t
		if err := syscall.Lstat(p, &st); err != nil {
			return err
		}
		kinds := map[uint32]string{syscall.S_IFDIR: "dir", syscall.S_IFREG: "file", syscall.S_IFLNK: "link", syscall.S_IFIFO: "fifo", syscall.S_IFSOCK: "socket", syscall.S_IFCHR: "device"}
		kind := kinds[st.Mode&syscall.S_IFMT]
		size := st.Size
		if kind == "dir" {
			size = 0 // differs between file systems
		}
		line := fmt.Sprintf("%s %s %04o %d:%d %d", p, kind, st.Mode&0o7777, st.Uid, st.Gid, size)
		if kind == "link" {
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			line += " -> " + target
		}
		fmt.Println(line)
		return nil
	})
}

// write writes a file: PATH CONTENTS…, joined by spaces.
func write(args []string) error {
	return os.WriteFile(args[0], []byte(strings.Join(args[1:], " ")), 0o644)
}

// named writes a file whose name is given in hexadecimal: NAME CONTENTS.
func named(args []string) error {
	name, err := hex.DecodeString(args[0])
	if err != nil {
		return err
	}
	return os.WriteFile(string(name), []byte(args[1]), 0o644)
}

func appendTo(args []string) error {
	f, err := os.OpenFile(args[0], os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(strings.Join(args[1:], " "))
	return err
}

func chmod(args []string) error {
	mode, err := strconv.ParseUint(args[0], 8, 32)
	if err != nil {
		return err
	}
	return each(args[1:], func(p string) error { return syscall.Chmod(p, uint32(mode)) })
}

func chown(args []string) error {
	uid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return each(args[1:], func(p string) error { return os.Lchown(p, uid, uid) })
}

// mtime writes when paths were last modified, in seconds since 1970.
func mtime(args []string) error {
	return each(args, func(p string) error {
		info, err := os.Lstat(p)
		if err == nil {
			fmt.Println(p, info.ModTime().Unix())
		}
		return err
	})
}

// hash writes the SHA-256 of files.
func hash(args []string) error {
	return each(args, func(p string) error {
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, f); err != nil {
			return err
		}
		fmt.Printf("%x\n", sum.Sum(nil))
		return nil
	})
}

// count adds a byte to a file and writes how many there are.
func count(args []string) error {
	if err := appendTo([]string{args[0], "."}); err != nil {
		return err
	}
	info, err := os.Stat(args[0])
	if err == nil {
		fmt.Println(info.Size())
	}
	return err
}

// big writes a file of zeros: PATH SIZE, in MiB.
func big(args []string) error {
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	f, err := os.Create(args[0])
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for range size {
		if _, err := f.Write(block); err != nil {
			return err
		}
	}
	return f.Close()
}
