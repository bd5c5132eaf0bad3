package core

import (
	"context"
	"fmt"
	"io"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/ociimage"
	"github.com/bodkin-ci/bodkin/internal/registry"
)

// BaseImage is the image in a registry that a container started from. Images of
// the container keep its layers.
type BaseImage struct {
	Ref     reference.Canonical
	State   llb.State
	DiffIDs []digest.Digest
	History []ocispecs.History
}

// BaseError says that the layers below an image could not be had.
type BaseError struct {
	Ref string
	Err error
}

func (e *BaseError) Error() string {
	return fmt.Sprintf("keeping the layers of base image %s, which the client reads from the registry: %s (an image of one layer needs none of them: container.withRootfs(container.rootfs()))", e.Ref, e.Err)
}

func (e *BaseError) Unwrap() error { return e.Err }

// layers looks the image up, and returns it as ociimage wants it below the tree
// final.
func (b *BaseImage) layers(ctx context.Context, s *buildkit.Session, final llb.State, platform ocispecs.Platform) (*ociimage.Base, error) {
	pulled, err := s.Registry.Pull(ctx, b.Ref, platform)
	if err != nil {
		return nil, &BaseError{Ref: b.Ref.String(), Err: err}
	}
	if have, want := len(b.DiffIDs), len(pulled.Manifest.Layers); have != want {
		return nil, &BaseError{Ref: b.Ref.String(), Err: fmt.Errorf("its configuration tells of %d layers, its manifest of %d", have, want)}
	}
	base := &ociimage.Base{History: b.history(), Changes: streamed(func(ctx context.Context, w io.Writer) error {
		return s.ExportLayer(ctx, b.State, final, platform, w)
	})}
	for i, desc := range pulled.Manifest.Layers {
		base.Layers = append(base.Layers, b.layer(pulled, desc, b.DiffIDs[i]))
	}
	return base, nil
}

func (b *BaseImage) layer(pulled *registry.Pulled, desc ocispecs.Descriptor, diffID digest.Digest) ociimage.Layer {
	return ociimage.Layer{Descriptor: desc, DiffID: diffID, Open: func(ctx context.Context) (io.ReadCloser, error) {
		r, err := pulled.Open(ctx, desc)
		if err != nil {
			return nil, &BaseError{Ref: b.Ref.String(), Err: err}
		}
		return r, nil
	}}
}

// history is the image's, or none where it does not fit its layers: some tools
// write one that does not.
func (b *BaseImage) history() []ocispecs.History {
	layers := 0
	for _, h := range b.History {
		if !h.EmptyLayer {
			layers++
		}
	}
	if layers != len(b.DiffIDs) {
		return nil
	}
	return b.History
}
