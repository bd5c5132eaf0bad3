package attest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// What BuildKit and Docker look for.
const (
	mediaTypeStatement      = "application/vnd.in-toto+json"
	annotationPredicateType = "in-toto.io/predicate-type"
	annotationType          = "vnd.docker.reference.type"
	annotationDigest        = "vnd.docker.reference.digest"
	attestationManifest     = "attestation-manifest"
)

// nowhere is the platform of what is no image to run.
var nowhere = ocispecs.Platform{OS: "unknown", Architecture: "unknown"}

// manifestOf returns the manifest that holds what is said of an image, and its blobs.
// It looks like an image, for registries that know nothing else.
func manifestOf(img ocispecs.Descriptor, statements []Statement) (manifest registry.Blob, blobs []registry.Blob, err error) {
	config := ocispecs.Image{Platform: nowhere, RootFS: ocispecs.RootFS{Type: "layers"}}
	m := ocispecs.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest, Layers: []ocispecs.Descriptor{}}
	for _, s := range statements {
		blob := inMemory(mediaTypeStatement, s.JSON)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, blob.Descriptor.Digest)
		blobs = append(blobs, blob)
		desc := blob.Descriptor
		desc.Annotations = map[string]string{annotationPredicateType: s.PredicateType}
		m.Layers = append(m.Layers, desc)
	}
	described, err := document(ocispecs.MediaTypeImageConfig, config)
	if err != nil {
		return manifest, nil, err
	}
	m.Config = described.Descriptor
	if manifest, err = document(m.MediaType, m); err != nil {
		return manifest, nil, err
	}
	manifest.Descriptor.Platform = &nowhere
	manifest.Descriptor.Annotations = map[string]string{annotationType: attestationManifest, annotationDigest: img.Digest.String()}
	return manifest, append(blobs, described), nil
}

func document(mediaType string, v any) (registry.Blob, error) {
	data, err := json.Marshal(v)
	return inMemory(mediaType, data), err
}

func inMemory(mediaType string, data []byte) registry.Blob {
	return registry.Blob{
		Descriptor: ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))},
		Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(data)), nil
		},
	}
}
