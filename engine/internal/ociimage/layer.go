package ociimage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// newLayer compresses the tar that write produces into a temporary file.
func newLayer(opts Options, write func(io.Writer) error) (_ Layer, _ *spool, err error) {
	s, err := newSpool(opts.TempDir)
	if err != nil {
		return Layer{}, nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	stored, plain := newMeter(), newMeter()
	z, err := newCompressor(opts.Compression, io.MultiWriter(s, stored))
	if err != nil {
		return Layer{}, nil, err
	}
	// A compressor that works in the background must end before the file is
	// closed, and what made it fail says more than what writing to it returned.
	err = write(io.MultiWriter(plain, z))
	if closeErr := z.Close(); err == nil || closeErr != nil && !errors.Is(err, closeErr) {
		err = errors.Join(err, closeErr)
	}
	if err == nil {
		err = s.Flush()
	}
	if err != nil {
		return Layer{}, nil, fmt.Errorf("writing the layer: %w", err)
	}
	return Layer{
		Descriptor: ocispecs.Descriptor{
			MediaType: opts.MediaTypes.layer(opts.Compression),
			Digest:    stored.digest(),
			Size:      stored.size,
		},
		DiffID: plain.digest(),
		Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(s.Section(0, stored.size)), nil
		},
	}, s, nil
}

// withDiffID computes the digest of the uncompressed layer where it is not given.
func (l Layer) withDiffID(ctx context.Context) (Layer, error) {
	if l.DiffID != "" {
		return l, nil
	}
	r, err := l.Open(ctx)
	if err != nil {
		return l, fmt.Errorf("opening layer %s: %w", l.Descriptor.Digest, err)
	}
	defer r.Close()
	plain, _, err := decompress(ctxReader{ctx, r})
	if err != nil {
		return l, fmt.Errorf("decompressing layer %s: %w", l.Descriptor.Digest, err)
	}
	defer plain.Close()
	m := newMeter()
	if _, err := io.Copy(m, plain); err != nil {
		return l, fmt.Errorf("decompressing layer %s: %w", l.Descriptor.Digest, err)
	}
	l.DiffID = m.digest()
	return l, nil
}

// check refuses a base layer whose descriptor cannot be written down.
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
