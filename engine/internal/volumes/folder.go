package volumes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// grace is how long a blob that nothing refers to is kept: somebody may be about to.
const grace = time.Hour

// Folder is a Store in a folder, an OCI image layout that nothing else is kept in.
type Folder struct {
	dir   string
	limit int64
	grace time.Duration
}

// OpenFolder returns the store in dir, which is made when something is stored.
// limit bounds what Tidy leaves, in bytes; 0 is no bound.
func OpenFolder(dir string, limit int64) (*Folder, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &Folder{dir: dir, limit: limit, grace: grace}, nil
}

// String implements Store.
func (f *Folder) String() string { return f.dir }

func (f *Folder) path(d digest.Digest) string {
	return filepath.Join(f.dir, ocispecs.ImageBlobsDir, d.Algorithm().String(), d.Encoded())
}

// has reports whether a blob is there, as far as its size tells.
func (f *Folder) has(desc ocispecs.Descriptor) bool {
	info, err := os.Stat(f.path(desc.Digest))
	return err == nil && info.Mode().IsRegular() && info.Size() == desc.Size
}

// Find implements Store.
func (f *Folder) Find(ctx context.Context, name string) (*Snapshot, error) {
	index, err := f.readIndex()
	if err != nil {
		return nil, err
	}
	for _, desc := range index.Manifests {
		if desc.Annotations[ocispecs.AnnotationRefName] == name {
			return f.snapshot(ctx, desc)
		}
	}
	return nil, ErrNotStored
}

func (f *Folder) snapshot(ctx context.Context, desc ocispecs.Descriptor) (*Snapshot, error) {
	data, err := f.Blob(ctx, desc)
	if err != nil {
		return nil, err
	}
	s, err := snapshotOf(data)
	if err != nil {
		return nil, err
	}
	return s, f.complete(s)
}

// complete says which blob of a snapshot is not there.
func (f *Folder) complete(s *Snapshot) error {
	for _, desc := range append([]ocispecs.Descriptor{s.Index}, s.Packs...) {
		if !f.has(desc) {
			return &BrokenError{desc.Digest, "it is missing, or does not have its size"}
		}
	}
	return nil
}

// Blob implements Store. A blob that is not what it should be is removed, so that
// it is stored again.
func (f *Folder) Blob(_ context.Context, desc ocispecs.Descriptor) ([]byte, error) {
	data, err := readBlob(f.path(desc.Digest), desc.Size)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &BrokenError{desc.Digest, "it is missing"}
	}
	if err != nil {
		return nil, err
	}
	if err := verify(desc, data); err != nil {
		_ = os.Remove(f.path(desc.Digest))
		return nil, err
	}
	return data, nil
}

// readBlob reads a file of a size, and notices one that is longer.
func readBlob(path string, size int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := wire.Buffer(int(size) + 1)
	n, err := io.ReadFull(file, data)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return data[:n], nil
	}
	return nil, err
}

// Put implements Store.
func (f *Folder) Put(_ context.Context, desc ocispecs.Descriptor, data []byte) (moved bool, err error) {
	path := f.path(desc.Digest)
	if f.has(desc) {
		now := time.Now() // it is in use again: see grace
		return false, os.Chtimes(path, now, now)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	return true, writeBlob(path, data)
}

// writeBlob makes a file appear whole. It does not wait for the disk: what a
// machine's crash leaves half written does not have its digest, and is stored again.
func writeBlob(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}
