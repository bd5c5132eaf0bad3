package ociimage

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// describe gives a docker image its OCI manifest, the first time it is asked
// for, and adds what the manifest lists to the store.
func (a *Archive) describe(ctx context.Context, img *storedImage) error {
	if img.docker == nil {
		return nil
	}
	img.docker.mu.Lock()
	defer img.docker.mu.Unlock()
	if img.docker.described {
		return nil
	}
	manifest, found, err := a.dockerManifest(ctx, img)
	if err != nil {
		return &FormatError{Path: a.path, Err: err}
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	d, c := memory(data)
	found[d] = c
	a.mu.Lock()
	maps.Copy(a.blobs, found)
	a.mu.Unlock()
	img.desc = ocispecs.Descriptor{MediaType: manifest.MediaType, Digest: d, Size: c.size}
	img.docker.described = true
	return nil
}

// dockerManifest lists an image's configuration and layers, and where each is.
func (a *Archive) dockerManifest(ctx context.Context, img *storedImage) (ocispecs.Manifest, map[digest.Digest]content, error) {
	id, config := memory(img.config)
	manifest := ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageManifest,
		Config:    ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageConfig, Digest: id, Size: config.size},
		Layers:    []ocispecs.Descriptor{},
	}
	found := map[digest.Digest]content{id: config}
	for i, name := range img.docker.entry.Layers {
		m, err := a.lookup(name)
		if err != nil {
			return manifest, nil, err
		}
		c := a.content(m)
		desc, err := describeLayer(ctx, c, img.docker.diffIDs[i])
		if err != nil {
			return manifest, nil, fmt.Errorf("layer %q: %w", name, err)
		}
		if other, ok := found[desc.Digest]; ok && other.size != c.size {
			return manifest, nil, fmt.Errorf("layer %q has the digest of another content", name)
		}
		found[desc.Digest] = c
		manifest.Layers = append(manifest.Layers, desc)
	}
	return manifest, found, nil
}

// describeLayer names a layer file. One that is stored plain has the digest
// that the configuration states; a compressed one is read to learn its own.
func describeLayer(ctx context.Context, c content, diffID digest.Digest) (ocispecs.Descriptor, error) {
	head := make([]byte, 6)
	n, err := c.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return ocispecs.Descriptor{}, err
	}
	compression, err := sniff(head[:n])
	if err != nil {
		return ocispecs.Descriptor{}, err
	}
	desc := ocispecs.Descriptor{MediaType: OCI.layer(compression), Digest: diffID, Size: c.size}
	if compression != Uncompressed {
		m := newMeter()
		if _, err := io.Copy(m, ctxReader{ctx, io.NewSectionReader(c, 0, c.size)}); err != nil {
			return desc, err
		}
		desc.Digest = m.digest()
	}
	return desc, nil
}
