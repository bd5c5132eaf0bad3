package ociimage

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"
)

// treeReader fills a tree from a tar stream.
type treeReader struct {
	tree  *tree
	links map[string]string // hard link → target
	sum   hash.Hash         // nil: contents are not compared
	buf   []byte
}

// readTree reads a whole root file system. Contents go to s (nil: they are not
// kept); compare says whether two trees will be compared. The tree owns s, also
// when an error is returned.
func readTree(ctx context.Context, r io.Reader, s *spool, compare bool) (_ *tree, err error) {
	tr := &treeReader{
		tree:  &tree{nodes: map[string]*inode{}, spool: s},
		links: map[string]string{},
		buf:   make([]byte, copyBuffer),
	}
	defer func() {
		if err != nil {
			tr.tree.close()
			err = fmt.Errorf("reading the root file system: %w", err)
		}
	}()
	if compare {
		tr.sum = sha256.New()
	}
	if err := tr.addAll(&endReader{r: ctxReader{ctx, r}}); err != nil {
		return nil, err
	}
	if err := tr.resolveLinks(); err != nil {
		return nil, err
	}
	if s != nil {
		if err := s.Flush(); err != nil {
			return nil, err
		}
	}
	return tr.tree, tr.tree.finish()
}

// addAll takes every entry. The stream must close with a tar's end mark, and
// without an error: half an export is no file system.
func (tr *treeReader) addAll(r *endReader) error {
	in := tar.NewReader(r)
	for {
		hdr, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := tr.add(hdr, in); err != nil {
			return err
		}
	}
	if r.ended {
		return fmt.Errorf("the stream ends before the tar does: %w", io.ErrUnexpectedEOF)
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// add takes one entry and its content.
func (tr *treeReader) add(hdr *tar.Header, content io.Reader) error {
	if hdr.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := cleanName(hdr.Name)
	if err != nil {
		return err
	}
	if name == "." {
		if hdr.Typeflag != tar.TypeDir {
			return fmt.Errorf("entry %q stands for the root but is not a folder", hdr.Name)
		}
		return nil
	}
	if err := tr.checkName(name, hdr.Typeflag); err != nil {
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
	if strings.HasPrefix(path.Base(name), whiteoutPrefix) {
		return fmt.Errorf("file %q cannot be stored in an image: names that start with %q mark removed files", name, whiteoutPrefix)
	}
	if _, ok := tr.links[name]; ok {
		return fmt.Errorf("entry %q appears twice", name)
	}
	if n, ok := tr.tree.nodes[name]; ok && !(n.isDir() && typeflag == tar.TypeDir) {
		return fmt.Errorf("entry %q appears twice", name)
	}
	return nil
}

// keep stores and hashes the content of n.
func (tr *treeReader) keep(n *inode, content io.Reader) error {
	var dst io.Writer = io.Discard
	if tr.tree.spool != nil {
		n.offset = tr.tree.spool.size
		dst = tr.tree.spool
	}
	if tr.sum != nil {
		tr.sum.Reset()
		if tr.tree.spool != nil {
			dst = io.MultiWriter(dst, tr.sum)
		} else {
			dst = tr.sum
		}
	}
	// Hiding the reader's other methods keeps the copy in our buffer.
	if _, err := io.CopyBuffer(dst, struct{ io.Reader }{content}, tr.buf); err != nil {
		return err
	}
	if tr.sum != nil {
		tr.sum.Sum(n.sum[:0])
	}
	return nil
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
