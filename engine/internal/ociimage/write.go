package ociimage

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// maxBuilds is how many platforms are built side by side.
const maxBuilds = 2

// Write writes one archive with the given images, at most one per platform, and
// returns the digest of what a registry would be given: the manifest of a single
// image, the index of several. The order of images does not matter.
//
// Nothing is written to w before all layers are complete. Errors that w returns
// are wrapped.
func Write(ctx context.Context, w io.Writer, images []Image, opts Options) (digest.Digest, error) {
	a, err := assemble(ctx, images, opts)
	if err != nil {
		return "", err
	}
	defer a.close()
	if err := a.writeTo(ctx, w); err != nil {
		return "", err
	}
	return a.root.desc.Digest, nil
}

// assembly is an archive before it is written.
type assembly struct {
	images []*builtImage // by platform
	root   blob          // manifest or index
	names  []string
}

func (a *assembly) close() {
	for _, img := range a.images {
		if img != nil {
			img.close()
		}
	}
}

// assemble builds all images.
func assemble(ctx context.Context, images []Image, opts Options) (_ *assembly, err error) {
	if opts, err = opts.withDefaults(); err != nil {
		return nil, err
	}
	if images, err = orderImages(images, opts.MediaTypes); err != nil {
		return nil, err
	}
	a := &assembly{images: make([]*builtImage, len(images)), names: opts.Names}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(maxBuilds)
	for i, img := range images {
		group.Go(func() (err error) {
			a.images[i], err = buildImage(groupCtx, img, opts)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil { // what broke off because of it says less
			err = context.Cause(ctx)
		}
		return nil, err
	}
	a.root = a.images[0].manifest
	if len(a.images) > 1 {
		a.root, err = a.index(opts.MediaTypes)
	}
	return a, err
}

// orderImages checks the images and orders them by platform.
func orderImages(images []Image, types MediaTypes) ([]Image, error) {
	if len(images) == 0 {
		return nil, fmt.Errorf("an image archive needs at least one image")
	}
	ordered := make([]Image, len(images))
	for i, img := range images {
		var err error
		if ordered[i], err = img.check(types); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(ordered, func(a, b Image) int {
		return strings.Compare(platforms.FormatAll(a.Platform), platforms.FormatAll(b.Platform))
	})
	for i := 1; i < len(ordered); i++ {
		if name := platforms.FormatAll(ordered[i].Platform); name == platforms.FormatAll(ordered[i-1].Platform) {
			return nil, fmt.Errorf("two images are for %s: an archive holds one per platform", name)
		}
	}
	return ordered, nil
}

// index lists the images of all platforms.
func (a *assembly) index(types MediaTypes) (blob, error) {
	index := ocispecs.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: types.index(),
	}
	for _, img := range a.images {
		desc := img.manifest.desc
		desc.Platform = &img.platform
		index.Manifests = append(index.Manifests, desc)
	}
	return document(index.MediaType, index)
}
