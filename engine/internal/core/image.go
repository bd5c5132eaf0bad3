package core

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/ociimage"
)

// From replaces the root file system and the configuration by those of an image
// in a registry.
func (c Container) From(ctx context.Context, s *buildkit.Session, ref string) (Container, error) {
	img, err := s.ResolveImage(ctx, ref, c.Platform)
	if err != nil {
		return c, err
	}
	c = c.fromConfig(img.Config)
	c.FS, c.ImageRef = img.State, img.Ref
	c.Base = &BaseImage{Ref: img.Pinned, State: img.State, DiffIDs: img.DiffIDs, History: img.History}
	return c, nil
}

// fromConfig takes over an image's configuration; variables and labels that
// were set before stay set unless the image has them too.
func (c Container) fromConfig(config dockerspec.DockerOCIImageConfig) Container {
	before := c.clone()
	c = c.clone()
	c.Config = config
	c = c.clone()
	for _, kv := range before.Config.Env {
		k, v, _ := strings.Cut(kv, "=")
		if _, ok := c.EnvVariable(k); !ok {
			c = c.WithEnvVariable(k, v)
		}
	}
	for k, v := range before.Config.Labels {
		if _, ok := c.Config.Labels[k]; !ok {
			c.Config.Labels[k] = v
		}
	}
	ports := maps.Clone(c.Config.ExposedPorts)
	c.Config.ExposedPorts = map[string]struct{}{}
	for key := range ports {
		c = c.WithExposedPort(parsePort(key))
	}
	return c
}

// ArchiveOptions say how an image archive is written.
type ArchiveOptions struct {
	Variants    []Container // other platforms of a multi-platform image
	Compression string      // "", "Gzip", "Zstd", "EStarGZ" or "Uncompressed"
	MediaTypes  string      // "", "OCIMediaTypes" or "DockerMediaTypes"
}

// ExportArchive writes the container's image as an archive to a path of the
// host. The same container gives the same bytes on every engine.
func (c Container) ExportArchive(ctx context.Context, s *buildkit.Session, target string, o ArchiveOptions) error {
	opts, err := o.parse()
	if err != nil {
		return err
	}
	opts.TempDir = filepath.Dir(target)
	if err := os.MkdirAll(opts.TempDir, 0o755); err != nil {
		return &TargetError{target, err}
	}
	images, err := c.images(ctx, s, o)
	if err != nil {
		return err
	}
	_, err = ociimage.WriteFile(ctx, target, images, opts)
	return err
}

// images describes the container and its variants.
func (c Container) images(ctx context.Context, s *buildkit.Session, o ArchiveOptions) ([]ociimage.Image, error) {
	var images []ociimage.Image
	for _, variant := range append([]Container{c}, o.Variants...) {
		img, err := variant.image(ctx, s)
		if err != nil {
			return nil, err
		}
		images = append(images, img)
	}
	return images, nil
}

func (o ArchiveOptions) parse() (ociimage.Options, error) {
	compression, err := ociimage.ParseCompression(o.Compression)
	if err != nil {
		return ociimage.Options{}, err
	}
	types, err := ociimage.ParseMediaTypes(o.MediaTypes)
	return ociimage.Options{Compression: compression, MediaTypes: types}, err
}

// image describes what the archive holds of the container.
func (c Container) image(ctx context.Context, s *buildkit.Session) (ociimage.Image, error) {
	img := ociimage.Image{
		Platform:    c.Platform,
		Config:      c.Config.ImageConfig,
		Annotations: map[string]string{},
		Rootfs: streamed(func(ctx context.Context, w io.Writer) error {
			return s.ExportTar(ctx, c.FS, c.Platform, nopCloser{w})
		}),
	}
	if c.Base != nil {
		var err error
		if img.Base, err = c.Base.layers(ctx, s, c.FS, c.Platform); err != nil {
			return img, err
		}
		img.Unchanged = c.FS.Output() == c.Base.State.Output()
	}
	for _, kv := range c.Annotations {
		img.Annotations[kv.Key] = kv.Value
	}
	if ext := c.Config.DockerOCIImageConfigExt; ext.Healthcheck != nil || len(ext.OnBuild) > 0 || len(ext.Shell) > 0 {
		img.Docker = &ext
	}
	return img, nil
}

// streamed opens what write writes as a stream.
func streamed(write func(context.Context, io.Writer) error) ociimage.Opener {
	return func(ctx context.Context) (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(write(ctx, w)) }()
		return r, nil
	}
}

// nopCloser keeps the exporter from closing the pipe before its error is known.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
