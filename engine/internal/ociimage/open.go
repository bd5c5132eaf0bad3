package ociimage

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// OpenOptions bound what Open does. The zero value is the recommended one.
type OpenOptions struct {
	// TempDir holds the unpacked form of an archive that is compressed as a
	// whole. Default os.TempDir().
	TempDir string
	// MaxUnpacked bounds that form, in bytes. Default 64 GiB.
	MaxUnpacked int64
}

const defaultMaxUnpacked = 64 << 30

// Archive is an image archive open for reading: an OCI image layout in a tar, or
// what `docker save` writes. Its methods may be called from several goroutines.
type Archive struct {
	path    string
	src     io.ReaderAt
	closers []io.Closer

	members map[string]member
	images  []*storedImage // in the archive's order

	mu    sync.RWMutex              // guards blobs
	blobs map[digest.Digest]content // layers are not verified
}

// storedImage is one image manifest of an archive.
type storedImage struct {
	desc     ocispecs.Descriptor // of the manifest; docker images get theirs when asked for
	platform ocispecs.Platform
	names    []string // references and tags it goes by
	config   []byte
	absent   string        // what of it the archive does not hold
	docker   *dockerSource // where the image has no OCI manifest
}

// FormatError says that a file is not an image archive, or a broken one.
type FormatError struct {
	Path string
	Err  error
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("reading image archive %s: %v", e.Path, e.Err)
}

func (e *FormatError) Unwrap() error { return e.Err }

// Open reads the archive at path: where its members are, which images it lists,
// and their manifests and configurations, whose digests are checked. Layers are
// not read; who pulls them through Store checks them. A file that is no image
// archive, or contradicts itself, is a *FormatError. Close the archive when
// nothing reads from its store any more.
//
// A compressed archive is unpacked into a temporary file.
func Open(ctx context.Context, path string, opts OpenOptions) (_ *Archive, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the image archive: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the image archive: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &FormatError{Path: path, Err: fmt.Errorf("not a file: give the tar that `docker save` or an export wrote")}
	}
	a, err := openArchive(ctx, path, f, info.Size(), opts)
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, f)
	return a, nil
}

// openArchive reads the archive of size bytes in src; path only names it.
func openArchive(ctx context.Context, path string, src io.ReaderAt, size int64, opts OpenOptions) (*Archive, error) {
	a := &Archive{path: path, src: src, blobs: map[digest.Digest]content{}}
	if err := a.load(ctx, size, opts); err != nil {
		a.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, &FormatError{Path: path, Err: err}
	}
	return a, nil
}

func (a *Archive) load(ctx context.Context, size int64, opts OpenOptions) error {
	plain, err := unpackOuter(ctx, io.NewSectionReader(a.src, 0, size), opts)
	if err != nil {
		return err
	}
	if plain != nil {
		a.closers = append(a.closers, plain)
		a.src, size = plain, plain.size
	}
	if a.members, err = indexMembers(ctx, io.NewSectionReader(a.src, 0, size), size); err != nil {
		return err
	}
	_, hasIndex := a.members[indexFile]
	_, hasDocker := a.members[dockerManifestFile]
	switch {
	case hasIndex:
		return a.loadLayout()
	case hasDocker:
		return a.loadDocker()
	}
	if _, ok := a.members[layoutFile]; ok {
		return fmt.Errorf("it is an OCI image layout without its %s", indexFile)
	}
	if _, ok := a.members["repositories"]; ok {
		return fmt.Errorf("it was saved by a Docker older than 1.10: save it again with a newer one")
	}
	return fmt.Errorf("it holds neither %s (OCI) nor %s (Docker): not an image archive", indexFile, dockerManifestFile)
}

// Close gives the archive's files back. Reading from its store fails afterwards.
func (a *Archive) Close() error {
	var first error
	for _, c := range a.closers {
		if err := c.Close(); err != nil && first == nil {
			first = err
		}
	}
	a.closers = nil
	return first
}
