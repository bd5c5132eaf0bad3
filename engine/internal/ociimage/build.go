package ociimage

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/platforms"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// builtImage is an image whose every blob is known.
type builtImage struct {
	platform ocispecs.Platform
	manifest blob
	config   blob
	layers   []blob
	spools   []*spool // hold the new layers
}

func (b *builtImage) close() {
	for _, s := range b.spools {
		s.Close()
	}
}

// buildImage makes the layers, the configuration and the manifest of img.
func buildImage(ctx context.Context, img Image, opts Options) (_ *builtImage, err error) {
	built := &builtImage{platform: img.Platform}
	defer func() {
		if err != nil {
			built.close()
			err = fmt.Errorf("building the image for %s: %w", platforms.Format(img.Platform), err)
		}
	}()
	layers, err := built.baseLayers(ctx, img.Base, opts)
	if err != nil {
		return nil, err
	}
	added, s, err := rootLayer(ctx, img, opts)
	if err != nil {
		return nil, err
	}
	if s != nil {
		built.spools = append(built.spools, s)
		layers = append(layers, added)
	}
	return built, built.describe(img, opts, layers, s != nil)
}

// rootLayer writes the layer that holds img's own files. No spool means that the
// image is the same as its base.
func rootLayer(ctx context.Context, img Image, opts Options) (Layer, *spool, error) {
	if img.Base != nil && img.Unchanged {
		return Layer{}, nil, nil
	}
	onBase := img.Base != nil && len(img.Base.Layers) > 0
	open := img.Rootfs
	if onBase {
		open = img.Base.Changes
	}
	tree, done, err := openTree(ctx, open)
	if err != nil {
		return Layer{}, nil, err
	}
	defer done()
	if onBase {
		return changesLayer(ctx, tree, opts)
	}
	layer, s, err := newLayer(opts, func(w io.Writer) error { return streamTree(ctx, tree, w, opts.Time) })
	if errors.Is(err, errOrder) {
		done()
		return sortedLayer(ctx, img, opts)
	}
	return layer, s, err
}

// sortedLayer writes the layer of a root file system that comes in any order.
func sortedLayer(ctx context.Context, img Image, opts Options) (Layer, *spool, error) {
	tree, done, err := openTree(ctx, img.Rootfs)
	if err != nil {
		return Layer{}, nil, err
	}
	defer done()
	s, err := newSpool(opts.TempDir)
	if err != nil {
		return Layer{}, nil, err
	}
	t, err := readTree(ctx, tree, s)
	if err != nil {
		return Layer{}, nil, err
	}
	defer t.close()
	return newLayer(opts, func(w io.Writer) error { return writeTree(ctx, t, w, opts.Time) })
}

// openTree opens a tar stream that a cancelled ctx closes, so that a read which
// waits for an engine ends too.
func openTree(ctx context.Context, open Opener) (io.Reader, func(), error) {
	r, err := open(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the root file system: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { r.Close() })
	return r, func() {
		if stop() {
			r.Close()
		}
	}, nil
}

// describe writes the configuration and the manifest.
func (b *builtImage) describe(img Image, opts Options, layers []Layer, added bool) error {
	config, err := newConfig(img, opts, layers, added)
	if err != nil {
		return err
	}
	if b.config, err = document(opts.MediaTypes.config(), config); err != nil {
		return err
	}
	manifest := ocispecs.Manifest{
		Versioned:   specs.Versioned{SchemaVersion: 2},
		MediaType:   opts.MediaTypes.manifest(),
		Config:      b.config.desc,
		Layers:      []ocispecs.Descriptor{},
		Annotations: img.Annotations,
	}
	for _, l := range layers {
		desc := ocispecs.Descriptor{
			MediaType:   l.Descriptor.MediaType,
			Digest:      l.Descriptor.Digest,
			Size:        l.Descriptor.Size,
			URLs:        l.Descriptor.URLs,
			Annotations: l.Descriptor.Annotations,
		}
		manifest.Layers = append(manifest.Layers, desc)
		b.layers = append(b.layers, blob{desc: desc, open: l.Open})
	}
	b.manifest, err = document(manifest.MediaType, manifest)
	return err
}
