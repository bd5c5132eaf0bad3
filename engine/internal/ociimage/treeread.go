package ociimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// treeReader fills a tree from a tar stream.
type treeReader struct {
	tree  *tree
	links map[string]string // hard link → target
	buf   []byte
	// whiteouts says that entries may be those of a layer that remove something.
	whiteouts bool
}

// readTree reads a whole root file system. Contents go to s, which the tree owns,
// also when an error is returned.
func readTree(ctx context.Context, r io.Reader, s *spool) (*tree, error) {
	t, err := newTreeReader(s).read(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("reading the root file system: %w", err)
	}
	return t, nil
}

// readChanges reads what a root file system has over another, with whiteouts for
// what is gone. Contents are kept as readTree does.
func readChanges(ctx context.Context, r io.Reader, s *spool) (*tree, error) {
	tr := newTreeReader(s)
	tr.whiteouts = true
	return tr.read(ctx, r)
}

func newTreeReader(s *spool) *treeReader {
	return &treeReader{
		tree:  &tree{nodes: map[string]*inode{}, spool: s},
		links: map[string]string{},
		buf:   make([]byte, copyBuffer),
	}
}

func (tr *treeReader) read(ctx context.Context, r io.Reader) (_ *tree, err error) {
	defer func() {
		if err != nil {
			tr.tree.close()
		}
	}()
	if err := tr.addAll(&endReader{r: ctxReader{ctx, r}}, tr.add); err != nil {
		return nil, err
	}
	if err := tr.resolveLinks(); err != nil {
		return nil, err
	}
	if err := tr.tree.spool.Flush(); err != nil {
		return nil, err
	}
	return tr.tree, tr.tree.finish()
}

// addAll hands every entry to add. The stream must close with a tar's end mark, and
// without an error: half an export is no file system.
func (tr *treeReader) addAll(r *endReader, add func(*tar.Header, io.Reader) error) error {
	in := tar.NewReader(r)
	for {
		hdr, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := add(hdr, in); err != nil {
			return err
		}
	}
	if r.ended {
		return fmt.Errorf("the stream ends before the tar does: %w", io.ErrUnexpectedEOF)
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// name is the path of an entry, "" where there is nothing to take.
func (tr *treeReader) name(hdr *tar.Header) (string, error) {
	if hdr.Typeflag == tar.TypeXGlobalHeader {
		return "", nil
	}
	name, err := cleanName(hdr.Name)
	if err != nil {
		return "", err
	}
	if name == "." {
		if hdr.Typeflag != tar.TypeDir {
			return "", fmt.Errorf("entry %q stands for the root but is not a folder", hdr.Name)
		}
		return "", nil
	}
	return name, tr.checkName(name, hdr.Typeflag)
}

// add takes one entry and its content.
func (tr *treeReader) add(hdr *tar.Header, content io.Reader) error {
	name, err := tr.name(hdr)
	if err != nil || name == "" {
		return err
	}
	if hdr.Typeflag == tar.TypeLink {
		tr.links[name] = hdr.Linkname
		return nil
	}
	n, err := newInode(hdr)
	if err != nil {
		return fmt.Errorf("entry %q: %w", name, err)
	}
	tr.tree.nodes[name] = n
	if n.typeflag == tar.TypeReg {
		return tr.keep(n, content)
	}
	return nil
}

// checkName refuses whiteouts and second entries; a folder may be repeated, the
// last entry counts.
func (tr *treeReader) checkName(name string, typeflag byte) error {
	if !tr.whiteouts && strings.HasPrefix(path.Base(name), protocol.WhiteoutPrefix) {
		return fmt.Errorf("file %q cannot be stored in an image: names that start with %q mark removed files", name, protocol.WhiteoutPrefix)
	}
	if _, ok := tr.links[name]; ok {
		return fmt.Errorf("entry %q appears twice", name)
	}
	if n, ok := tr.tree.nodes[name]; ok && !(n.isDir() && typeflag == tar.TypeDir) {
		return fmt.Errorf("entry %q appears twice", name)
	}
	return nil
}

// keep stores the content of n.
func (tr *treeReader) keep(n *inode, content io.Reader) error {
	n.offset = tr.tree.spool.size
	// Hiding the reader's other methods keeps the copy in our buffer.
	_, err := io.CopyBuffer(tr.tree.spool, struct{ io.Reader }{content}, tr.buf)
	return err
}

// resolveLinks gives hard links the inode of their target, which may come later
// in the stream or be a link itself.
func (tr *treeReader) resolveLinks() error {
	for name := range tr.links {
		target := name
		for hops := 0; ; hops++ {
			next, isLink := tr.links[target]
			if !isLink {
				break
			}
			if hops > len(tr.links) {
				return fmt.Errorf("hard link %q leads back to itself", name)
			}
			var err error
			if target, err = cleanName(next); err != nil {
				return fmt.Errorf("hard link %q: %w", name, err)
			}
		}
		n, ok := tr.tree.nodes[target]
		if !ok {
			return fmt.Errorf("hard link %q leads to %q, which is missing", name, target)
		}
		if n.isDir() {
			return fmt.Errorf("hard link %q leads to folder %q", name, target)
		}
		tr.tree.nodes[name] = n
	}
	return nil
}
