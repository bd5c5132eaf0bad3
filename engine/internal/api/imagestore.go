package api

import (
	"context"
	"errors"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// ExportImage has a Docker daemon keep the image under a name.
func (c *Container) ExportImage(ctx context.Context, args struct {
	archiveArgs
	Name string
}) (_ *Void, err error) {
	name, err := core.StoreName(args.Name)
	if err != nil {
		return nil, err
	}
	store, err := c.srv.session.ImageStore(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	built, err := c.build(ctx, args.archiveArgs)
	if err != nil {
		return nil, err
	}
	return nil, built.Load(ctx, store, name)
}

// ContainerImage starts from an image that a Docker daemon keeps.
func (h *Host) ContainerImage(ctx context.Context, args struct{ Name string }) (*Container, error) {
	v, err := core.NewContainer(h.srv.session.Platform()).ImportFromStore(ctx, h.srv.session, args.Name, h.srv.tempDir)
	if err != nil {
		return nil, err
	}
	// The name may come to stand for another image.
	return &Container{h.derive("Container", "containerImage", []any{args, h.serial(true)}), v}, nil
}
