package ociimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"time"
)

// errOrder says that a stream is not in the order of a layer.
var errOrder = errors.New("the root file system comes in another order")

// streamTree writes the layer of a whole root file system while it is read. It
// returns errOrder where entries do not come as writeTree writes them: exporters
// send them so, but nothing makes them.
func streamTree(ctx context.Context, r io.Reader, w io.Writer, at time.Time) error {
	s := orderedTree{treeReader: newTreeReader(nil), out: tar.NewWriter(w), at: at}
	if err := s.addAll(&endReader{r: ctxReader{ctx, r}}, s.entry); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &treeError{err}
	}
	return s.out.Close()
}

// treeError says what is wrong with a root file system.
type treeError struct{ err error }

func (e *treeError) Error() string { return "reading the root file system: " + e.err.Error() }

func (e *treeError) Unwrap() error { return e.err }

// orderedTree passes a tree on, entry by entry.
type orderedTree struct {
	*treeReader
	out  *tar.Writer
	at   time.Time
	last string
}

func (s *orderedTree) entry(hdr *tar.Header, content io.Reader) error {
	name, err := s.name(hdr)
	if err != nil || name == "" {
		return err
	}
	if parent := path.Dir(name); comparePaths(s.last, name) >= 0 || parent != "." && (s.tree.nodes[parent] == nil || !s.tree.nodes[parent].isDir()) {
		return errOrder
	}
	s.last = name
	if hdr.Typeflag == tar.TypeLink {
		target, err := cleanName(hdr.Linkname)
		if err != nil {
			return fmt.Errorf("hard link %q: %w", name, err)
		}
		n := s.tree.nodes[target]
		if n == nil || n.isDir() || n.names[0] != target {
			return errOrder
		}
		s.tree.nodes[name] = n
		return s.out.WriteHeader(n.linkHeader(name, s.at))
	}
	n, err := newInode(hdr)
	if err != nil {
		return fmt.Errorf("entry %q: %w", name, err)
	}
	n.names = []string{name}
	s.tree.nodes[name] = n
	if err := s.out.WriteHeader(n.header(name, s.at)); err != nil || n.size == 0 {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{s.out}, struct{ io.Reader }{content}, s.buf)
	return err
}
