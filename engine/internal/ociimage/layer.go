package ociimage

import (
	"context"
	"errors"
	"fmt"
	"io"

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
	if tree := new(treeError); errors.As(err, &tree) {
		return Layer{}, nil, tree
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
