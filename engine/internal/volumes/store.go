// Package volumes keeps the content of cache volumes outside the engine. Open
// returns a Store; Restore and Save move a volume between it and a carrier.
package volumes

import (
	"context"
	"errors"
	"fmt"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Snapshot is a volume as it is stored: the index, and the packs that it needs.
type Snapshot struct {
	Index ocispecs.Descriptor
	Packs []ocispecs.Descriptor
}

// Size is what the snapshot takes in the store, in bytes.
func (s *Snapshot) Size() int64 {
	size := s.Index.Size
	for _, p := range s.Packs {
		size += p.Size
	}
	return size
}

// Store keeps snapshots by name. Its methods are safe for concurrent use, and
// several processes may use one store at once: what Find returns was complete when
// it was published, and the last one to publish wins.
type Store interface {
	// Find returns the last snapshot that was published under a name, all of which
	// is there. The error is ErrNotStored where there is none.
	Find(ctx context.Context, name string) (*Snapshot, error)
	// Blob returns an index or a pack. The bytes are those of the digest: a blob that
	// is not what it should be is a *BrokenError.
	Blob(ctx context.Context, desc ocispecs.Descriptor) ([]byte, error)
	// Put stores a blob, unless it is there, and reports whether it was moved.
	Put(ctx context.Context, desc ocispecs.Descriptor, data []byte) (moved bool, err error)
	// Publish makes a snapshot the one to find. The error is ErrOutdated where
	// blobs that it needs have been removed meanwhile; nothing has changed then.
	Publish(ctx context.Context, name string, s *Snapshot) error
	// Used notes that snapshots were of use.
	Used(ctx context.Context, names []string) error
	// Tidy removes what was not used for longest, until the store is within its
	// bound, and returns the names of what it has removed.
	Tidy(ctx context.Context) ([]string, error)
	// String names the store in messages.
	String() string
}

// ErrNotStored says that a store has no snapshot of a name.
var ErrNotStored = errors.New("no such volume is stored")

// ErrOutdated says that a snapshot relies on blobs that the store has lost.
var ErrOutdated = errors.New("the store has lost what the new state relies on")

// BrokenError says that a blob is missing or is not what its digest says.
type BrokenError struct {
	Digest digest.Digest
	Reason string
}

func (e *BrokenError) Error() string { return fmt.Sprintf("blob %s is broken: %s", e.Digest, e.Reason) }

// Media types of what is stored.
const (
	ArtifactType  = "application/vnd.bodkin.cache-volume.v1"
	IndexType     = "application/vnd.bodkin.cache-volume.index.v1+json+zstd"
	PackType      = "application/vnd.bodkin.cache-volume.pack.v1+zstd"
	annotatedUsed = "dev.bodkin.cache-volume.used"
)

// verify checks data against its descriptor.
func verify(desc ocispecs.Descriptor, data []byte) error {
	if int64(len(data)) != desc.Size {
		return &BrokenError{desc.Digest, fmt.Sprintf("it has %d bytes instead of %d", len(data), desc.Size)}
	}
	if got := desc.Digest.Algorithm().FromBytes(data); got != desc.Digest {
		return &BrokenError{desc.Digest, "its content has digest " + got.String()}
	}
	return nil
}
