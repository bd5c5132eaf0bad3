package attest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// Attach makes an index of a published image, or of one for several platforms, and of
// what about says of each, and gives it the tags. It returns the index's digest.
func Attach(ctx context.Context, client *registry.Client, published reference.Canonical, tags []string, about func(Image) ([]Statement, error)) (digest.Digest, error) {
	images, err := imagesOf(ctx, client, published)
	if err != nil {
		return "", err
	}
	push := registry.Image{}
	index := ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex, Manifests: images}
	for _, desc := range images {
		statements, err := about(Image{Name: published.Name(), Digest: desc.Digest, Platform: *desc.Platform})
		if err != nil {
			return "", err
		}
		manifest, blobs, err := manifestOf(desc, statements)
		if err != nil {
			return "", err
		}
		push.Blobs, push.Manifests = append(push.Blobs, blobs...), append(push.Manifests, manifest)
		index.Manifests = append(index.Manifests, manifest.Descriptor)
	}
	root, err := document(index.MediaType, index)
	if err != nil {
		return "", err
	}
	push.Manifests = append(push.Manifests, root)
	for _, tag := range tags {
		named, err := reference.WithTag(reference.TrimNamed(published), tag)
		if err != nil {
			return "", err
		}
		if _, err := client.Push(ctx, named, push); err != nil {
			return "", err
		}
	}
	return root.Descriptor.Digest, nil
}

// imagesOf lists the images of a reference, each with its platform.
func imagesOf(ctx context.Context, client *registry.Client, ref reference.Canonical) ([]ocispecs.Descriptor, error) {
	desc, data, err := client.Manifest(ctx, ref)
	if err != nil {
		return nil, err
	}
	var found struct {
		Config    ocispecs.Descriptor
		Manifests []ocispecs.Descriptor
	}
	if err := json.Unmarshal(data, &found); err != nil {
		return nil, fmt.Errorf("reading manifest %s: %w", ref, err)
	}
	if len(found.Manifests) > 0 {
		for _, m := range found.Manifests {
			if m.Platform == nil {
				return nil, fmt.Errorf("the index %s does not say which platform %s is for", ref, m.Digest)
			}
		}
		return found.Manifests, nil
	}
	data, err = client.Blob(ctx, ref, found.Config)
	if err != nil {
		return nil, err
	}
	var config ocispecs.Image
	if err := json.Unmarshal(data, &config); err != nil {
		return nil, fmt.Errorf("reading the configuration of %s: %w", ref, err)
	}
	return []ocispecs.Descriptor{{MediaType: desc.MediaType, Digest: desc.Digest, Size: desc.Size, Platform: &config.Platform}}, nil
}
