package ociimage

import (
	"context"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
)

// baseLayers returns the base image's layers as the archive will hold them.
// Layers are compressed anew where that is asked for, and where they are not
// compressed at all: crane takes every layer to be like the first.
func (b *builtImage) baseLayers(ctx context.Context, base *Base, opts Options) ([]Layer, error) {
	if base == nil {
		return nil, nil
	}
	var layers []Layer
	for _, l := range base.Layers {
		if err := l.check(); err != nil {
			return nil, err
		}
		stored := compressionOf(l.Descriptor.MediaType)
		var err error
		switch {
		case stored == "", stored == opts.Compression, stored != Uncompressed && !opts.forced:
			if l, err = l.withDiffID(ctx); err != nil {
				return nil, err
			}
		default:
			var s *spool
			if l, s, err = l.recompressed(ctx, opts); err != nil {
				return nil, err
			}
			b.spools = append(b.spools, s)
		}
		if c := compressionOf(l.Descriptor.MediaType); c != "" {
			l.Descriptor.MediaType = opts.MediaTypes.layer(c)
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// check refuses a layer whose descriptor cannot be written down.
func (l Layer) check() error {
	if err := l.Descriptor.Digest.Validate(); err != nil {
		return fmt.Errorf("base layer %q: %w", l.Descriptor.Digest, err)
	}
	if alg := l.Descriptor.Digest.Algorithm(); alg != digest.SHA256 {
		return fmt.Errorf("base layer %s: digests by %s are not served", l.Descriptor.Digest, alg)
	}
	if l.Descriptor.Size < 0 || l.Open == nil {
		return fmt.Errorf("base layer %s has no size or no content", l.Descriptor.Digest)
	}
	return nil
}

// withDiffID computes the digest of the uncompressed layer where it is not given.
func (l Layer) withDiffID(ctx context.Context) (Layer, error) {
	if l.DiffID != "" {
		return l, nil
	}
	m := newMeter()
	if err := l.unpack(ctx, m); err != nil {
		return l, err
	}
	l.DiffID = m.digest()
	return l, nil
}

// recompressed is the layer in the archive's compression.
func (l Layer) recompressed(ctx context.Context, opts Options) (Layer, *spool, error) {
	out, s, err := newLayer(opts, func(w io.Writer) error { return l.unpack(ctx, w) })
	if err != nil {
		return l, nil, err
	}
	if l.DiffID != "" && l.DiffID != out.DiffID {
		s.Close()
		return l, nil, fmt.Errorf("base layer %s unpacks to %s instead of %s", l.Descriptor.Digest, out.DiffID, l.DiffID)
	}
	out.Descriptor.Annotations = l.Descriptor.Annotations
	return out, s, nil
}

// unpack writes the uncompressed layer to w.
func (l Layer) unpack(ctx context.Context, w io.Writer) error {
	r, err := l.Open(ctx)
	if err != nil {
		return fmt.Errorf("opening base layer %s: %w", l.Descriptor.Digest, err)
	}
	defer r.Close()
	plain, _, err := decompress(ctxReader{ctx, r})
	if err != nil {
		return fmt.Errorf("decompressing base layer %s: %w", l.Descriptor.Digest, err)
	}
	defer plain.Close()
	if _, err := io.Copy(w, plain); err != nil {
		return fmt.Errorf("decompressing base layer %s: %w", l.Descriptor.Digest, err)
	}
	return nil
}
