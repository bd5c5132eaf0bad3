package ociimage

import (
	"context"
	"fmt"

	containerd "github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Store gives out the archive's blobs. It cannot be written to: methods that would write return
// errdefs.ErrNotImplemented. It lives until the archive is closed.
func (a *Archive) Store() containerd.Store { return archiveStore{archive: a} }

type archiveStore struct {
	readOnly
	archive *Archive
}

func (s archiveStore) find(d digest.Digest) (content, error) {
	s.archive.mu.RLock()
	defer s.archive.mu.RUnlock()
	c, ok := s.archive.blobs[d]
	if !ok {
		return content{}, fmt.Errorf("blob %s in image archive %s: %w", d, s.archive.path, errdefs.ErrNotFound)
	}
	return c, nil
}

// Info gives the size of a blob.
func (s archiveStore) Info(_ context.Context, d digest.Digest) (containerd.Info, error) {
	c, err := s.find(d)
	if err != nil {
		return containerd.Info{}, err
	}
	return containerd.Info{Digest: d, Size: c.size}, nil
}

// Walk calls fn for every blob, in no order. Filters are not understood.
func (s archiveStore) Walk(_ context.Context, fn containerd.WalkFunc, filters ...string) error {
	if len(filters) > 0 {
		return fmt.Errorf("filtering an image archive: %w", errdefs.ErrNotImplemented)
	}
	s.archive.mu.RLock()
	infos := make([]containerd.Info, 0, len(s.archive.blobs))
	for d, c := range s.archive.blobs {
		infos = append(infos, containerd.Info{Digest: d, Size: c.size})
	}
	s.archive.mu.RUnlock()
	for _, info := range infos {
		if err := fn(info); err != nil {
			return err
		}
	}
	return nil
}

// ReaderAt opens a blob. The content is not checked against the digest.
func (s archiveStore) ReaderAt(_ context.Context, desc ocispecs.Descriptor) (containerd.ReaderAt, error) {
	c, err := s.find(desc.Digest)
	if err != nil {
		return nil, err
	}
	return blobReader{c}, nil
}

type blobReader struct{ content }

func (r blobReader) Size() int64  { return r.size }
func (r blobReader) Close() error { return nil }

// readOnly refuses everything that changes a store.
type readOnly struct{}

func refuse(what string) error {
	return fmt.Errorf("%s an image archive: %w", what, errdefs.ErrNotImplemented)
}

func (readOnly) Update(context.Context, containerd.Info, ...string) (containerd.Info, error) {
	return containerd.Info{}, refuse("updating")
}

func (readOnly) Delete(context.Context, digest.Digest) error { return refuse("deleting from") }

func (readOnly) Writer(context.Context, ...containerd.WriterOpt) (containerd.Writer, error) {
	return nil, refuse("writing to")
}

func (readOnly) Abort(_ context.Context, ref string) error {
	return fmt.Errorf("write %q: %w", ref, errdefs.ErrNotFound)
}

func (readOnly) Status(_ context.Context, ref string) (containerd.Status, error) {
	return containerd.Status{}, fmt.Errorf("write %q: %w", ref, errdefs.ErrNotFound)
}

func (readOnly) ListStatuses(context.Context, ...string) ([]containerd.Status, error) {
	return nil, nil
}
