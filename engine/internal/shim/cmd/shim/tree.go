//go:build linux

package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
	"unsafe"
)

// runTree runs one of the commands that stand in for operations that older
// BuildKits do not have, and returns the exit status.
func runTree(name string, work func() error) int {
	if err := work(); err != nil {
		say("bodkin-shim: "+name+": ", err)
		return 1
	}
	return 0
}

// differ writes what one tree has and another has not.
type differ struct {
	lower, upper, out string
	copied            map[uint64]string // files with several names, by inode
	folders           []string          // to get their times last
}

// diffTree writes to out what upper has and lower has not, or has differently:
// folders on the way come along.
func diffTree(lower, upper, out string) error {
	syscall.Umask(0)
	d := differ{lower: lower, upper: upper, out: out, copied: map[uint64]string{}}
	err := filepath.WalkDir(upper, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(upper, path)
		if err != nil || rel == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if same, err := d.unchanged(rel, info); same || err != nil {
			return err
		}
		return d.copy(rel, info)
	})
	for i := len(d.folders) - 1; err == nil && i >= 0; i-- {
		err = d.times(d.folders[i])
	}
	return err
}

// unchanged reports whether lower has the same under this name.
func (d *differ) unchanged(rel string, info fs.FileInfo) (bool, error) {
	before, err := os.Lstat(filepath.Join(d.lower, rel))
	if err != nil {
		return false, nil // not there, or below something else
	}
	a, b := before.Sys().(*syscall.Stat_t), info.Sys().(*syscall.Stat_t)
	if a.Mode != b.Mode || a.Uid != b.Uid || a.Gid != b.Gid {
		return false, nil
	}
	switch {
	case info.IsDir():
		return true, nil
	case info.Mode()&fs.ModeSymlink != 0:
		was, _ := os.Readlink(filepath.Join(d.lower, rel))
		is, err := os.Readlink(filepath.Join(d.upper, rel))
		return was == is, err
	case !info.Mode().IsRegular():
		return a.Rdev == b.Rdev, nil
	case a.Size != b.Size || a.Mtim.Sec != b.Mtim.Sec:
		return false, nil
	case a.Mtim.Nsec == b.Mtim.Nsec:
		return true, nil
	}
	return sameContent(filepath.Join(d.lower, rel), filepath.Join(d.upper, rel))
}

func sameContent(a, b string) (bool, error) {
	one, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer one.Close()
	other, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer other.Close()
	const chunk = 1 << 16
	x, y := make([]byte, chunk), make([]byte, chunk)
	for {
		n, err := io.ReadFull(one, x)
		m, otherErr := io.ReadFull(other, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if err != nil || otherErr != nil {
			return true, nil
		}
	}
}

// copy takes one entry over, with the folders above it.
func (d *differ) copy(rel string, info fs.FileInfo) error {
	if parent := filepath.Dir(rel); parent != "." {
		if _, err := os.Lstat(filepath.Join(d.out, parent)); err != nil {
			above, err := os.Lstat(filepath.Join(d.upper, parent))
			if err != nil {
				return err
			}
			if err := d.copy(parent, above); err != nil {
				return err
			}
		}
	}
	stat := info.Sys().(*syscall.Stat_t)
	from, to := filepath.Join(d.upper, rel), filepath.Join(d.out, rel)
	if first := d.copied[stat.Ino]; first != "" && stat.Nlink > 1 && !info.IsDir() {
		return os.Link(first, to)
	}
	if err := d.create(from, to, info, stat); err != nil {
		return err
	}
	if err := os.Lchown(to, int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		if err := syscall.Chmod(to, stat.Mode&0o7777); err != nil {
			return err
		}
	}
	if info.IsDir() {
		d.folders = append(d.folders, rel)
		return copyAttributes(from, to)
	}
	d.copied[stat.Ino] = to
	if info.Mode().IsRegular() {
		if err := copyAttributes(from, to); err != nil {
			return err
		}
	}
	return d.times(rel)
}

func (d *differ) create(from, to string, info fs.FileInfo, stat *syscall.Stat_t) error {
	switch {
	case info.IsDir():
		return os.Mkdir(to, 0o700)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case !info.Mode().IsRegular():
		return syscall.Mknod(to, stat.Mode, int(stat.Rdev))
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer target.Close()
	if _, err := io.Copy(target, source); err != nil {
		return err
	}
	return target.Close()
}

// copyAttributes takes extended attributes over, such as a file's capabilities.
func copyAttributes(from, to string) error {
	size, err := syscall.Listxattr(from, nil)
	if err != nil || size == 0 {
		return nil // the file system has none
	}
	names := make([]byte, size)
	if size, err = syscall.Listxattr(from, names); err != nil {
		return err
	}
	for _, name := range bytes.Split(bytes.TrimRight(names[:size], "\x00"), []byte{0}) {
		size, err := syscall.Getxattr(from, string(name), nil)
		if err != nil {
			continue // only for the kernel
		}
		value := make([]byte, size)
		if size, err = syscall.Getxattr(from, string(name), value); err != nil {
			return err
		}
		if err := syscall.Setxattr(to, string(name), value[:size], 0); err != nil {
			return err
		}
	}
	return nil
}

// times gives an entry the time at which upper's was last modified.
func (d *differ) times(rel string) error {
	info, err := os.Lstat(filepath.Join(d.upper, rel))
	if err != nil {
		return err
	}
	return setTime(filepath.Join(d.out, rel), info.ModTime())
}

// setTime sets an entry's times without following a link.
func setTime(path string, t time.Time) error {
	const atCwd, noFollow = -100, 0x100
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	spec := syscall.NsecToTimespec(t.UnixNano())
	times := [2]syscall.Timespec{spec, spec}
	cwd := atCwd
	if _, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, uintptr(cwd), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&times)), noFollow, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
