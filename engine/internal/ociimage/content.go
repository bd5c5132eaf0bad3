package ociimage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Bounds of what is read into memory from an archive, in bytes: one document,
// and all of them.
const (
	maxDocument  = 4 << 20
	maxDocuments = 64 << 20
)

// content is a blob that can be read at any offset.
type content struct {
	io.ReaderAt
	size int64
}

// content returns the bytes of a member.
func (a *Archive) content(m member) content {
	return content{ReaderAt: io.NewSectionReader(a.src, m.offset, m.size), size: m.size}
}

// documents reads an archive's small files and keeps count.
type documents struct {
	archive *Archive
	left    int64
}

func newDocuments(a *Archive) *documents { return &documents{archive: a, left: maxDocuments} }

// read returns the whole of c.
func (d *documents) read(c content) ([]byte, error) {
	if c.size > maxDocument {
		return nil, fmt.Errorf("it has %d bytes, more than the %d that such a document may have", c.size, maxDocument)
	}
	if d.left -= c.size; d.left < 0 {
		return nil, fmt.Errorf("the archive's manifests have more than %d bytes in all", maxDocuments)
	}
	data := make([]byte, c.size)
	_, err := io.ReadFull(io.NewSectionReader(c, 0, c.size), data)
	return data, err
}

// member returns the whole of a member.
func (d *documents) member(name string) ([]byte, error) {
	m, err := d.archive.lookup(name)
	if err != nil {
		return nil, err
	}
	data, err := d.read(d.archive.content(m))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

// blob returns the blob that desc describes, once size and digest are checked.
func (d *documents) blob(desc ocispecs.Descriptor) ([]byte, error) {
	c, ok := d.archive.blobs[desc.Digest]
	if !ok {
		return nil, fmt.Errorf("blob %s is missing", desc.Digest)
	}
	if c.size != desc.Size {
		return nil, fmt.Errorf("blob %s has %d bytes, but %d are listed", desc.Digest, c.size, desc.Size)
	}
	data, err := d.read(c)
	if err != nil {
		return nil, fmt.Errorf("blob %s: %w", desc.Digest, err)
	}
	if got := desc.Digest.Algorithm().FromBytes(data); got != desc.Digest {
		return nil, fmt.Errorf("blob %s is damaged: its content has digest %s", desc.Digest, got)
	}
	return data, nil
}

// decode reads JSON that describes something.
func decode(data []byte, v any, what string) error {
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s is not what it should be: %w", what, err)
	}
	return nil
}

// memory is content that the archive itself does not hold.
func memory(data []byte) (digest.Digest, content) {
	return digest.FromBytes(data), content{ReaderAt: bytes.NewReader(data), size: int64(len(data))}
}
