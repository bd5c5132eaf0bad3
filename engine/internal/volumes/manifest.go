package volumes

import (
	"encoding/json"
	"fmt"

	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// manifest is a snapshot as an OCI artifact: the index is the configuration, the
// packs are the layers.
func manifest(s *Snapshot) (ocispecs.Descriptor, []byte, error) {
	m := ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest, ArtifactType: ArtifactType,
		Config: s.Index, Layers: s.Packs,
	}
	if len(m.Layers) == 0 {
		m.Layers = []ocispecs.Descriptor{}
	}
	data, err := json.Marshal(m)
	if err != nil {
		return ocispecs.Descriptor{}, nil, err
	}
	return ocispecs.Descriptor{
		MediaType: m.MediaType, ArtifactType: ArtifactType, Digest: digest.FromBytes(data), Size: int64(len(data)),
	}, data, nil
}

// snapshotOf reads what manifest has written.
func snapshotOf(data []byte) (*Snapshot, error) {
	var m ocispecs.Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	if m.ArtifactType != ArtifactType || m.Config.MediaType != IndexType {
		return nil, fmt.Errorf("reading the manifest: it is a %q and no cache volume of this format", m.ArtifactType)
	}
	for _, desc := range append([]ocispecs.Descriptor{m.Config}, m.Layers...) {
		if err := desc.Digest.Validate(); err != nil {
			return nil, fmt.Errorf("reading the manifest: %w", err)
		}
		if desc.Size < 0 || desc.Size > maxBlob {
			return nil, fmt.Errorf("reading the manifest: a blob of %d bytes", desc.Size)
		}
	}
	return &Snapshot{Index: m.Config, Packs: m.Layers}, nil
}

// maxBlob bounds an index or a pack, in bytes.
const maxBlob = 1 << 30
