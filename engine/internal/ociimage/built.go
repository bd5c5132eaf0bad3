package ociimage

import (
	"context"
	"io"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Built is an image, or one for each of several platforms, with all its blobs:
// what an archive would hold, for those who send it elsewhere. Close it.
type Built struct{ assembly *assembly }

// BuiltBlob is a layer, configuration or manifest.
type BuiltBlob struct {
	Descriptor ocispecs.Descriptor
	Open       Opener
}

// Build makes what Write writes, and nothing is written.
func Build(ctx context.Context, images []Image, opts Options) (*Built, error) {
	a, err := assemble(ctx, images, opts)
	if err != nil {
		return nil, err
	}
	return &Built{assembly: a}, nil
}

// Close removes what is kept for the blobs. They cannot be opened afterwards.
func (b *Built) Close() { b.assembly.close() }

// Digest is that of the manifest, or of the index of several.
func (b *Built) Digest() digest.Digest { return b.assembly.root.desc.Digest }

// Configs are the digests of the images' configurations, by platform.
func (b *Built) Configs() []digest.Digest {
	var all []digest.Digest
	for _, img := range b.assembly.images {
		all = append(all, img.config.desc.Digest)
	}
	return all
}

// WriteTo writes the archive that Write writes, with other names.
func (b *Built) WriteTo(ctx context.Context, w io.Writer, names ...string) error {
	names, err := normalNames(names)
	if err != nil {
		return err
	}
	named := *b.assembly
	named.names = names
	return named.writeTo(ctx, w)
}

// Blobs are the layers and configurations. One may be there more than once.
func (b *Built) Blobs() []BuiltBlob {
	var blobs []BuiltBlob
	for _, img := range b.assembly.images {
		for _, l := range slices.Concat(img.layers, []blob{img.config}) {
			blobs = append(blobs, BuiltBlob{l.desc, l.open})
		}
	}
	return blobs
}

// Manifests are those of the platforms where there are several; the last is what
// names the whole image.
func (b *Built) Manifests() []BuiltBlob {
	var blobs []BuiltBlob
	if len(b.assembly.images) > 1 {
		for _, img := range b.assembly.images {
			blobs = append(blobs, BuiltBlob{img.manifest.desc, img.manifest.open})
		}
	}
	return append(blobs, BuiltBlob{b.assembly.root.desc, b.assembly.root.open})
}
