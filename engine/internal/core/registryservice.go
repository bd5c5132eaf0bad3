package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/internal/registry"
)

// RegistryService returns a client for the registry of a reference, which a service
// is, whatever the reference calls it. Without a port in the reference it is the
// service's first one.
func RegistryService(ctx context.Context, s *buildkit.Session, service *buildkit.Service, ref reference.Named) (*registry.Client, error) {
	if len(service.Ports) == 0 {
		return nil, errors.New("the registry's service exposes no port: call withExposedPort before asService")
	}
	domain := reference.Domain(ref)
	host, port, err := net.SplitHostPort(domain)
	if err != nil {
		host, port = domain, strconv.Itoa(service.Ports[0])
	}
	dial := ServiceDialer(s, service)
	return s.Registry.Through(ctx, domain, func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, _, err := net.SplitHostPort(address); err == nil && name == host {
			address = net.JoinHostPort(service.Hostname(), port)
		}
		return dial(ctx, network, address)
	})
}

// FromService is From where a service is the registry: this machine reads the image,
// as the daemon reaches no services, and offers it to the daemon.
func (c Container) FromService(ctx context.Context, s *buildkit.Session, service *buildkit.Service, address string, tempDir func() (string, error)) (Container, error) {
	ref, err := buildkit.ParseReference(address)
	if err != nil {
		return c, err
	}
	client, err := RegistryService(ctx, s, service, ref)
	if err != nil {
		return c, err
	}
	store, err := newBlobStore(tempDir)
	if err != nil {
		return c, err
	}
	pinned, manifest, err := client.Copy(ctx, ref, c.Platform, store)
	if err != nil {
		return c, err
	}
	config, err := imageConfig(ctx, store, manifest)
	if err != nil {
		return c, fmt.Errorf("reading image %s: %w", pinned, err)
	}
	s.Stores.Add(store)
	c = c.fromConfig(config.Config)
	c.ImageRef, c.Base = pinned.String(), nil
	c.FS = buildkit.ArchiveImage(manifest.Digest, llb.Platform(c.Platform), llb.WithCustomName("from "+address))
	return c, nil
}

func newBlobStore(tempDir func() (string, error)) (content.Store, error) {
	base, err := tempDir()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(base, "image-")
	if err != nil {
		return nil, err
	}
	return local.NewStore(dir)
}

// imageConfig reads the configuration that a manifest names.
func imageConfig(ctx context.Context, store content.Provider, desc ocispecs.Descriptor) (config dockerspec.DockerOCIImage, err error) {
	raw, err := content.ReadBlob(ctx, store, desc)
	if err != nil {
		return config, err
	}
	var manifest ocispecs.Manifest
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return config, err
	}
	if raw, err = content.ReadBlob(ctx, store, manifest.Config); err != nil {
		return config, err
	}
	return config, json.Unmarshal(raw, &config)
}
