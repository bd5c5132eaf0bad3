package ociimage

import (
	"context"
	"fmt"
	"io"
)

// changesLayer writes the layer that turns a base into what stands on it, out of
// the changes that an engine has found: a tar of new things and of whiteouts.
//
// A folder that was emptied gets a whiteout for each child, never an opaque
// mark: all readers understand the former.
func changesLayer(ctx context.Context, changes io.Reader, opts Options) (Layer, *spool, error) {
	s, err := newSpool(opts.TempDir)
	if err != nil {
		return Layer{}, nil, err
	}
	t, err := readChanges(ctx, changes, s)
	if err != nil {
		return Layer{}, nil, fmt.Errorf("comparing with the base image: %w", err)
	}
	defer t.close()
	if len(t.nodes) == 0 {
		return Layer{}, nil, nil
	}
	return newLayer(opts, func(w io.Writer) error { return writeTree(ctx, t, w, opts.Time) })
}
