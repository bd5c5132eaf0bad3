package debian

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Unpack fetches the packages of a lock and lays their files into the folder
// dir, which is created if missing and should be empty. Modes and times are
// the packages', owners too when the process is root. The merged-usr links
// (/bin → usr/bin …) are made; maintainer scripts do not run, so links that
// they would make, such as those of update-alternatives, are missing.
//
// When it errs, what was written so far stays: unpack beside the final place
// and rename. Members that lead out of dir are refused with a *PackageError.
func Unpack(ctx context.Context, src Source, lock *Lock, dir string) error {
	paths, err := src.Fetch(ctx, lock)
	if err != nil {
		return err
	}
	control, err := readControls(lock, paths)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("unpacking into %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpacking into %s: %w", dir, err)
	}
	defer root.Close()
	f := &folder{root: root, chown: os.Geteuid() == 0}
	defer f.leave()
	if err := walk(ctx, lock, paths, control, f.put); err != nil {
		return fmt.Errorf("unpacking into %s: %w", dir, err)
	}
	return f.finish()
}

// folder writes members below a root. It keeps the folder of the last member
// open, as packages list a folder's files one after the other.
type folder struct {
	root  *os.Root
	chown bool

	at   string // the folder that here is; "" before the first
	here *os.Root
	dirs []*tar.Header // their times are set last
}

// enter opens the folder that holds name, making it if a package left it out.
func (f *folder) enter(name string) (base string, err error) {
	dir, base := path.Split(name)
	if dir == "" {
		dir = "."
	}
	if f.here != nil && f.at == dir {
		return base, nil
	}
	f.leave()
	f.here, err = f.root.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = f.root.MkdirAll(path.Clean(dir), 0o755); err == nil {
			f.here, err = f.root.OpenRoot(dir)
		}
	}
	f.at = dir
	return base, err
}

func (f *folder) leave() {
	if f.here != nil {
		f.here.Close()
		f.here = nil
	}
}

func (f *folder) put(m member) error {
	base, err := f.enter(m.Name)
	if err != nil {
		return err
	}
	if m.existing {
		return nil
	}
	if m.over >= 0 {
		if err := f.here.Remove(base); err != nil {
			return err
		}
	}
	switch m.Typeflag {
	case tar.TypeDir:
		return f.putDir(m, base)
	case tar.TypeLink:
		return f.root.Link(m.Linkname, m.Name)
	case tar.TypeSymlink:
		if err := f.here.Symlink(m.Linkname, base); err != nil {
			return err
		}
		return f.own(m, base)
	}
	return f.putFile(m, base)
}

func (f *folder) putDir(m member, base string) error {
	f.dirs = append(f.dirs, m.Header)
	if err := f.here.Mkdir(base, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := f.own(m, base); err != nil {
		return err
	}
	return f.here.Chmod(base, fileMode(m.Mode))
}

func (f *folder) putFile(m member, base string) error {
	file, err := f.here.OpenFile(base, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.Copy(file, m.body); err != nil {
		return err
	}
	if f.chown {
		if err := file.Chown(m.Uid, m.Gid); err != nil {
			return err
		}
	}
	// After chown, which drops setuid and setgid.
	if err := file.Chmod(fileMode(m.Mode)); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return f.here.Chtimes(base, time.Time{}, m.ModTime)
}

func (f *folder) own(m member, base string) error {
	if !f.chown {
		return nil
	}
	return f.here.Lchown(base, m.Uid, m.Gid)
}

// finish sets the times of folders, now that nothing is put into them any more.
func (f *folder) finish() error {
	for _, h := range f.dirs {
		if err := f.root.Chtimes(h.Name, time.Time{}, h.ModTime); err != nil {
			return fmt.Errorf("setting the time of a folder: %w", err)
		}
	}
	return nil
}

// fileMode translates the mode bits of a tar header.
func fileMode(mode int64) fs.FileMode {
	m := fs.FileMode(mode & 0o777)
	for bit, flag := range map[int64]fs.FileMode{0o4000: fs.ModeSetuid, 0o2000: fs.ModeSetgid, 0o1000: fs.ModeSticky} {
		if mode&bit != 0 {
			m |= flag
		}
	}
	return m
}
