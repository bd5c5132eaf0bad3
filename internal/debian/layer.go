package debian

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// WriteLayer fetches the packages of a lock and writes a root file system that
// holds them, unpacked, as an uncompressed tar: with dpkg's database, so that
// the shell script at ConfigureScript finishes their installation in a
// container. The same lock gives the same bytes on every machine; owners, modes
// and times are the packages'.
func WriteLayer(ctx context.Context, src Source, lock *Lock, w io.Writer) error {
	return writeLayer(ctx, src, lock, w, true)
}

// WriteFiles writes a root file system that holds the files of a lock's
// packages and nothing else: there is no database of dpkg, and no maintainer
// script is meant to run. The same lock gives the same bytes on every machine.
func WriteFiles(ctx context.Context, src Source, lock *Lock, w io.Writer) error {
	return writeLayer(ctx, src, lock, w, false)
}

func writeLayer(ctx context.Context, src Source, lock *Lock, w io.Writer, installable bool) error {
	paths, err := src.Fetch(ctx, lock)
	if err != nil {
		return err
	}
	control, err := readControls(lock, paths)
	if err != nil {
		return err
	}
	l := &layer{tar: tar.NewWriter(w), dirs: map[string]bool{}, newest: time.Unix(0, 0)}
	if installable {
		l.db = newDatabase(lock, control)
	}
	if err := walk(ctx, lock, paths, control, l.put); err != nil {
		return fmt.Errorf("writing a layer of Debian packages: %w", err)
	}
	finish := l.tar.Close
	if installable {
		finish = func() error { return l.finish(configureScript(lock, control, l.newest)) }
	}
	if err := finish(); err != nil {
		return fmt.Errorf("writing a layer of Debian packages: %w", err)
	}
	return nil
}

// layer writes members to a tar.
type layer struct {
	tar    *tar.Writer
	db     *database       // nil: none is written
	dirs   map[string]bool // written so far
	newest time.Time       // of all members
}

func (l *layer) put(m member) error {
	if l.db != nil {
		l.db.record(m)
	}
	if m.existing {
		return nil
	}
	if m.Typeflag == tar.TypeDir {
		l.dirs[m.Name] = true
	}
	if m.ModTime.After(l.newest) {
		l.newest = m.ModTime
	}
	h := *m.Header
	if m.Typeflag == tar.TypeDir {
		h.Name += "/"
	}
	if l.db != nil && l.db.conffile(m) {
		// dpkg puts the file into its place when it configures the package.
		h.Name += ".dpkg-new"
	}
	if err := l.tar.WriteHeader(&h); err != nil {
		return err
	}
	if m.Typeflag != tar.TypeReg {
		return nil
	}
	_, err := io.Copy(l.tar, m.body)
	return err
}

// finish adds dpkg's database and the script.
func (l *layer) finish(script string) error {
	files := l.db.files()
	files[strings.TrimPrefix(ConfigureScript, "/")] = dbFile{mode: 0o755, text: []byte(script)}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := l.mkdirs(name); err != nil {
			return err
		}
		f := files[name]
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: f.mode, Size: int64(len(f.text)), ModTime: l.newest}
		if err := l.tar.WriteHeader(h); err != nil {
			return err
		}
		if _, err := l.tar.Write(f.text); err != nil {
			return err
		}
	}
	return l.tar.Close()
}

// mkdirs writes the folders that hold name and are not there yet.
func (l *layer) mkdirs(name string) error {
	for i, c := range name {
		dir := name[:i]
		if c != '/' || l.dirs[dir] {
			continue
		}
		l.dirs[dir] = true
		h := &tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: l.newest}
		if err := l.tar.WriteHeader(h); err != nil {
			return err
		}
	}
	return nil
}
