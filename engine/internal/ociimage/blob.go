package ociimage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash"
	"io"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// blob is content that goes into an archive.
type blob struct {
	desc ocispecs.Descriptor
	open Opener
}

// document encodes v as a blob of its own.
func document(mediaType string, v any) (blob, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return blob{}, fmt.Errorf("encoding %s: %w", mediaType, err)
	}
	return blob{
		desc: ocispecs.Descriptor{
			MediaType: mediaType,
			Digest:    digest.FromBytes(data),
			Size:      int64(len(data)),
		},
		open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(data)), nil
		},
	}, nil
}

// meter hashes and counts what is written to it.
type meter struct {
	hash hash.Hash
	size int64
}

func newMeter() *meter { return &meter{hash: digest.SHA256.Hash()} }

func (m *meter) Write(p []byte) (int, error) {
	m.size += int64(len(p))
	return m.hash.Write(p)
}

func (m *meter) digest() digest.Digest { return digest.NewDigest(digest.SHA256, m.hash) }

// copyTo writes the blob to w and fails when it is not what its descriptor says.
func (b blob) copyTo(ctx context.Context, w io.Writer) error {
	r, err := b.open(ctx)
	if err != nil {
		return fmt.Errorf("opening blob %s: %w", b.desc.Digest, err)
	}
	defer r.Close()
	verifier := b.desc.Digest.Verifier()
	in := ctxReader{ctx, r}
	limited := io.TeeReader(io.LimitReader(in, b.desc.Size), verifier)
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, limited, make([]byte, copyBuffer))
	if err != nil {
		return fmt.Errorf("copying blob %s: %w", b.desc.Digest, err)
	}
	if n < b.desc.Size {
		return fmt.Errorf("blob %s ends after %d of %d bytes", b.desc.Digest, n, b.desc.Size)
	}
	if more, err := io.CopyN(io.Discard, in, 1); more > 0 {
		return fmt.Errorf("blob %s is longer than its %d bytes", b.desc.Digest, b.desc.Size)
	} else if err != io.EOF {
		return fmt.Errorf("copying blob %s: %w", b.desc.Digest, err)
	}
	if !verifier.Verified() {
		return fmt.Errorf("blob %s has other content than its digest says", b.desc.Digest)
	}
	return nil
}
