package api

import (
	"context"
	"sync"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

type archiveArgs struct {
	PlatformVariants              []graphql.ID
	ForcedCompression, MediaTypes *string
}

func (a archiveArgs) options(s *Server) (core.ArchiveOptions, error) {
	variants, err := loadAll[*Container](s, a.PlatformVariants)
	if err != nil {
		return core.ArchiveOptions{}, err
	}
	o := core.ArchiveOptions{Compression: deref(a.ForcedCompression), MediaTypes: deref(a.MediaTypes)}
	for _, v := range variants {
		o.Variants = append(o.Variants, v.v)
	}
	return o, nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Publish sends the image to a registry and returns its reference with digest.
func (c *Container) Publish(ctx context.Context, args struct {
	archiveArgs
	Address         string
	RegistryService graphql.ID
}) (string, error) {
	ref, err := core.PublishAddress(args.Address)
	if err != nil {
		return "", err
	}
	client := c.srv.session.Registry
	if args.RegistryService != "" {
		service, err := c.srv.containerService(args.RegistryService)
		if err != nil {
			return "", err
		}
		if client, err = core.RegistryService(ctx, c.srv.session, service, ref); err != nil {
			return "", wrap(err)
		}
	}
	built, err := c.build(ctx, args.archiveArgs)
	if err != nil {
		return "", err
	}
	return built.Publish(ctx, client, ref)
}

// build makes the image, or returns the one that the session has made.
func (c *Container) build(ctx context.Context, args archiveArgs) (*core.BuiltImage, error) {
	o, err := args.options(c.srv)
	if err != nil {
		return nil, err
	}
	image := c.srv.built.of(c.derive("", "publish", args).digest)
	built, err := image.get(ctx, c.srv, func(dir string) (*core.BuiltImage, error) {
		return c.v.BuildImage(ctx, c.srv.session, o, dir)
	})
	return built, wrap(err)
}

// builtImages keeps images for as long as the session lasts: one that is
// published under several names is made once.
type builtImages struct {
	mu     sync.Mutex
	images map[string]*builtImage
}

type builtImage struct {
	making chan struct{} // holds a token while somebody makes the image
	image  *core.BuiltImage
}

func (b *builtImages) of(key string) *builtImage {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.images == nil {
		b.images = map[string]*builtImage{}
	}
	if b.images[key] == nil {
		b.images[key] = &builtImage{making: make(chan struct{}, 1)}
	}
	return b.images[key]
}

// get returns the image, and makes it where nobody has.
func (b *builtImage) get(ctx context.Context, s *Server, build func(dir string) (*core.BuiltImage, error)) (*core.BuiltImage, error) {
	select {
	case b.making <- struct{}{}:
		defer func() { <-b.making }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if b.image != nil {
		return b.image, nil
	}
	dir, err := s.tempDir()
	if err != nil {
		return nil, err
	}
	image, err := build(dir)
	if err != nil {
		return nil, err
	}
	b.image = image
	return image, nil
}

// close gives back what the images take on disk.
func (b *builtImages) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, image := range b.images {
		if image.image != nil {
			image.image.Close()
		}
	}
}
