package ociimage

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"time"
)

// treeWriter writes entries of a tree as a layer's tar.
type treeWriter struct {
	ctx  context.Context
	tree *tree
	tw   *tar.Writer
	time time.Time
	buf  []byte
}

func newTreeWriter(ctx context.Context, t *tree, w io.Writer, at time.Time) *treeWriter {
	return &treeWriter{ctx: ctx, tree: t, tw: tar.NewWriter(w), time: at, buf: make([]byte, copyBuffer)}
}

// writeTree writes the whole tree. The same tree gives the same bytes.
func writeTree(ctx context.Context, t *tree, w io.Writer, at time.Time) error {
	out := newTreeWriter(ctx, t, w, at)
	for _, name := range t.paths() {
		if err := out.entry(name); err != nil {
			return err
		}
	}
	return out.close()
}

// entry writes name; the first name of a hard-linked file carries the content,
// the others link to it.
func (w *treeWriter) entry(name string) error {
	if w.ctx.Err() != nil {
		return context.Cause(w.ctx)
	}
	n := w.tree.nodes[name]
	if n.names[0] != name {
		return w.header(n.linkHeader(name, w.time))
	}
	if err := w.header(n.header(name, w.time)); err != nil || n.size == 0 {
		return err
	}
	content := struct{ io.Reader }{ctxReader{w.ctx, w.tree.spool.Section(n.offset, n.size)}}
	if _, err := io.CopyBuffer(struct{ io.Writer }{w.tw}, content, w.buf); err != nil {
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return nil
}

func (w *treeWriter) header(hdr *tar.Header) error {
	if err := w.tw.WriteHeader(hdr); err != nil {
		return fmt.Errorf("writing entry %q: %w", hdr.Name, err)
	}
	return nil
}

func (w *treeWriter) close() error {
	if err := w.tw.Close(); err != nil {
		return fmt.Errorf("writing the end of the layer: %w", err)
	}
	return nil
}
