//go:build linux

package main

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// writeLayer writes as a tar what the tree upper has over lower; see
// protocol.LayerArgs.
func writeLayer(lower, upper string, w io.Writer) error {
	type scanning struct {
		tree *scanned
		err  error
	}
	other := make(chan scanning)
	go func() {
		tree, err := scan(lower)
		other <- scanning{tree, err}
	}()
	above, err := scan(upper)
	below := <-other
	if err := errors.Join(below.err, err); err != nil {
		return err
	}
	l := layer{below: below.tree, above: above, marked: map[string]bool{}}
	if err := l.compare(); err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, 1<<16)
	l.out = tar.NewWriter(buffered)
	if err := l.write(); err != nil {
		return err
	}
	return errors.Join(l.out.Close(), buffered.Flush())
}

// layer is what a tree has over another.
type layer struct {
	below, above *scanned
	marked       map[string]bool // paths of above to write
	gone         []string        // paths of below that above has not
	out          *tar.Writer
}

func (l *layer) compare() error {
	for _, name := range l.above.paths {
		n, b := l.above.inodes[name], l.below.inodes[name]
		if b != nil {
			same, err := l.same(name, n, b)
			if err != nil {
				return err
			}
			if same && l.sameLinks(n, b) {
				continue
			}
		}
		// All names of a changed file go together, so that each finds the others.
		for _, linked := range n.names {
			l.mark(linked)
		}
	}
	for _, name := range l.below.paths {
		if l.above.inodes[name] != nil {
			continue
		}
		parent := path.Dir(name)
		if n := l.above.inodes[parent]; parent == "." || n != nil && n.is(syscall.S_IFDIR) {
			l.gone = append(l.gone, name)
			l.mark(parent)
		}
	}
	return nil
}

// mark has name written, and the folders above it.
func (l *layer) mark(name string) {
	for ; name != "." && !l.marked[name]; name = path.Dir(name) {
		l.marked[name] = true
	}
}

// same reports whether both trees have the same under a name. Times are no part of
// that, but those that the kernel sets tell that a file is the very same one: then
// its content is not read.
func (l *layer) same(name string, n, b *inode) (bool, error) {
	x, y := n.stat, b.stat
	if x.Mode != y.Mode || x.Uid != y.Uid || x.Gid != y.Gid || !n.is(syscall.S_IFDIR) && (x.Size != y.Size || x.Rdev != y.Rdev) {
		return false, nil
	}
	if x.Ino == y.Ino && x.Ctim == y.Ctim && x.Mtim == y.Mtim {
		return true, nil
	}
	target, err := l.above.target(name)
	if err != nil {
		return false, err
	}
	if before, err := l.below.target(name); err != nil || before != target {
		return false, err
	}
	if same, err := l.sameAttributes(name); err != nil || !same || !n.is(syscall.S_IFREG) {
		return same, err
	}
	return sameContent(l.below.path(name), l.above.path(name))
}

func (l *layer) sameAttributes(name string) (bool, error) {
	is, err := l.above.attributes(name)
	if err != nil {
		return false, err
	}
	was, err := l.below.attributes(name)
	return maps.Equal(is, was), err
}

// sameLinks reports that the names of n are those names of b that are left.
func (l *layer) sameLinks(n, b *inode) bool {
	if len(n.names) == 1 && len(b.names) == 1 {
		return true
	}
	left := slices.DeleteFunc(slices.Clone(b.names), func(name string) bool { return l.above.inodes[name] == nil })
	return slices.Equal(n.names, left)
}

func (l *layer) write() error {
	for _, name := range l.above.paths {
		if !l.marked[name] {
			continue
		}
		if strings.HasPrefix(path.Base(name), protocol.WhiteoutPrefix) {
			return fmt.Errorf("file %q cannot be stored in an image: names that start with %q mark removed files", name, protocol.WhiteoutPrefix)
		}
		if err := l.entry(name); err != nil {
			return err
		}
	}
	for _, name := range l.gone {
		dir, base := path.Split(name)
		if err := l.out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: dir + protocol.WhiteoutPrefix + base, Format: tar.FormatPAX}); err != nil {
			return err
		}
	}
	return nil
}

// entry writes one path; the first of a file's names comes with the content.
func (l *layer) entry(name string) error {
	n := l.above.inodes[name]
	hdr, err := l.above.header(name)
	if err != nil {
		return err
	}
	if n.names[0] != name {
		return l.out.WriteHeader(&tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: n.names[0], Mode: hdr.Mode, Format: tar.FormatPAX})
	}
	if err := l.out.WriteHeader(hdr); err != nil || hdr.Size == 0 {
		return err
	}
	f, err := os.Open(l.above.path(name))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(l.out, f, hdr.Size)
	return err
}
