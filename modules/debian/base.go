package debian

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"dagger.io/dagger"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

// quiet keeps services from starting when their packages are installed.
//
//go:embed quiet.sh
var quiet string

// tidy removes what would differ from one engine to the next.
//
//go:embed tidy.sh
var tidy string

// Base returns a container with the release's essential packages,
// BasePackages and Options.Packages. The same lock gives the same files on
// every engine.
func (d *Debian) Base(ctx context.Context) (*dagger.Container, error) {
	unpacked, err := d.unpacked(ctx)
	if err != nil {
		return nil, fmt.Errorf("preparing the Debian base: %w", err)
	}
	return unpacked.WithExec(configure()), nil
}

// Unpacked returns a container with the files of Options.Packages and of what
// they depend on, and nothing else: no essential packages, and no maintainer
// script has run. It is for programs that need no set-up, and much smaller than
// Base. Lock files are for one or the other.
func (d *Debian) Unpacked(ctx context.Context) (*dagger.Container, error) {
	bare := *d
	bare.bare = true
	unpacked, err := bare.unpacked(ctx)
	if err != nil {
		return nil, fmt.Errorf("unpacking Debian packages: %w", err)
	}
	return unpacked, nil
}

// unpacked returns the base before its packages are configured.
func (d *Debian) unpacked(ctx context.Context) (*dagger.Container, error) {
	platform, arch, err := d.platform(ctx)
	if err != nil {
		return nil, err
	}
	path, err := d.basePath(ctx, string(platform), arch)
	if err != nil {
		return nil, err
	}
	return d.dag.Container(dagger.ContainerOpts{Platform: platform}).Import(d.dag.Host().File(path)), nil
}

// configure is the command that makes the base out of the unpacked packages.
func configure() []string {
	return []string{"/bin/sh", "-c", "set -eu\n" + quiet + archive.ConfigureScript + "\n" + tidy}
}

// basePath returns where on the client the image archive of the base is.
func (d *Debian) basePath(ctx context.Context, platform, arch string) (string, error) {
	lock, err := d.lock(ctx, arch)
	if err != nil {
		return "", err
	}
	parts := strings.SplitN(platform+"//", "/", 4)
	return d.baseArchive(ctx, lock, ocispecs.Platform{OS: parts[0], Architecture: parts[1], Variant: parts[2]})
}
