package core

import (
	"context"
	"errors"

	"github.com/distribution/reference"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/ociimage"
	"github.com/bodkin-ci/bodkin/internal/registry"
)

// BuiltImage is a container's image, ready to be published. Close it.
type BuiltImage struct {
	*ociimage.Built
	origins map[digest.Digest]reference.Named // layers of base images, and where they are
}

// BuildImage makes the container's image, the same that ExportArchive writes.
func (c Container) BuildImage(ctx context.Context, s *buildkit.Session, o ArchiveOptions, tempDir string) (*BuiltImage, error) {
	opts, err := o.parse()
	if err != nil {
		return nil, err
	}
	opts.TempDir = tempDir
	images, err := c.images(ctx, s, o)
	if err != nil {
		return nil, err
	}
	built := &BuiltImage{origins: map[digest.Digest]reference.Named{}}
	for i, variant := range append([]Container{c}, o.Variants...) {
		if base := images[i].Base; base != nil {
			for _, l := range base.Layers {
				built.origins[l.Descriptor.Digest] = variant.Base.Ref
			}
		}
	}
	built.Built, err = ociimage.Build(ctx, images, opts)
	return built, err
}

// PublishAddress reads the reference that an image is to be published under: one
// without a tag means latest.
func PublishAddress(address string) (reference.NamedTagged, error) {
	named, err := buildkit.ParseReference(address)
	if err != nil {
		return nil, err
	}
	tagged, ok := named.(reference.NamedTagged)
	if _, digested := named.(reference.Digested); !ok || digested {
		return nil, &buildkit.ReferenceError{Ref: address, Err: errors.New("an image is published under a tag, and its digest follows from what it holds: leave the digest out")}
	}
	return tagged, nil
}

// Publish sends the image to a registry. It returns the reference with the digest.
func (b *BuiltImage) Publish(ctx context.Context, client *registry.Client, ref reference.NamedTagged) (string, error) {
	img := registry.Image{}
	for _, blob := range b.Blobs() {
		img.Blobs = append(img.Blobs, registry.Blob{Descriptor: blob.Descriptor, Open: blob.Open, From: b.origins[blob.Descriptor.Digest]})
	}
	for _, m := range b.Manifests() {
		img.Manifests = append(img.Manifests, registry.Blob{Descriptor: m.Descriptor, Open: m.Open})
	}
	return client.Push(ctx, ref, img)
}
