package core

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/client/llb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/ociimage"
)

// Import starts from an image in an archive (OCI layout or docker save). An
// archive on the client stays there: the daemon pulls the blobs it does not have.
func (c Container) Import(ctx context.Context, s *buildkit.Session, file File, tag string, tempDir func() (string, error)) (Container, error) {
	path, err := archivePath(ctx, s, file, tempDir)
	if err != nil {
		return c, err
	}
	archive, err := ociimage.Open(ctx, path, ociimage.OpenOptions{})
	if err != nil {
		return c, fmt.Errorf("importing image archive %s: %w", file.Name(), err)
	}
	manifest, raw, err := archive.Resolve(ctx, tag, c.Platform)
	if err != nil {
		return c, fmt.Errorf("importing image archive %s: %w", file.Name(), err)
	}
	var config dockerspec.DockerOCIImage
	if err := json.Unmarshal(raw, &config); err != nil {
		return c, fmt.Errorf("importing image archive %s: reading the image's configuration: %w", file.Name(), err)
	}
	s.Stores.Add(archive.Store())
	c = c.fromConfig(config.Config)
	c.ImageRef, c.Base = "", nil
	c.FS = buildkit.ArchiveImage(manifest.Digest, llb.Platform(c.Platform), llb.WithCustomName("import "+file.Name()))
	return c, nil
}

// archivePath returns where on this machine the archive is, after fetching it
// if a step has made it.
func archivePath(ctx context.Context, s *buildkit.Session, file File, tempDir func() (string, error)) (string, error) {
	if file.HostPath != "" {
		return file.HostPath, nil
	}
	dir, err := tempDir()
	if err != nil {
		return "", err
	}
	fetched, err := os.MkdirTemp(dir, "import-")
	if err != nil {
		return "", err
	}
	return file.Export(ctx, s, filepath.Join(fetched, "image.tar"), false)
}
