package rust

import (
	"context"
	"fmt"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/internal/runtimeimage"
)

// DefaultUser is the user and group that images run as: numeric, so that
// Kubernetes can tell that it is not root.
const DefaultUser = runtimeimage.DefaultUser

// ImageOptions describe a runtime image. The zero value holds the package's
// program on an empty root.
type ImageOptions struct {
	// Build says what to build for the image. A program that is Dynamic is put
	// on Debian's base instead of an empty root.
	Build BuildOptions
	// Base is what the program is put on. Default: an empty root for a static
	// program, else Debian with a C library.
	Base *dagger.Container

	// CABundle holds the certificates of the authorities that the program
	// trusts in TLS connections. Default: none.
	CABundle *dagger.File

	// User is the user and group to run as. Default DefaultUser.
	User string
	// Ports are TCP ports that the program listens on.
	Ports []int
	// Env holds environment variables of the program.
	Env map[string]string
	// Entrypoint is the command. Default: the program alone.
	Entrypoint []string
	// Args are arguments that whoever starts a container may replace.
	Args []string

	// Title, Source (a URL), Revision, Version and Created (RFC 3339) describe
	// the image. Created has no default: the same inputs give the same image.
	Title, Source, Revision, Version, Created string
	// Labels are further labels.
	Labels map[string]string
}

// Image returns a container that holds the program and what it needs.
func (r *Rust) Image(ctx context.Context, opts ImageOptions) (*dagger.Container, error) {
	b, err := r.describeBuild(ctx, opts.Build)
	if err != nil {
		return nil, err
	}
	binary, err := r.Build(ctx, opts.Build)
	if err != nil {
		return nil, err
	}
	ctr, err := r.imageBase(ctx, opts)
	if err != nil {
		return nil, err
	}
	program := programsFolder + "/" + b.bin
	ctr = ctr.WithFile(program, binary, dagger.ContainerWithFileOpts{Permissions: 0o755})
	if opts.CABundle != nil {
		ctr = ctr.WithFile(caBundlePath, opts.CABundle, dagger.ContainerWithFileOpts{Permissions: 0o644})
	}
	return opts.config().Apply(ctr, program), nil
}

// imageBase returns what the program is put on.
func (r *Rust) imageBase(ctx context.Context, opts ImageOptions) (*dagger.Container, error) {
	switch {
	case opts.Base != nil:
		return opts.Base, nil
	case opts.Build.Dynamic:
		base, err := debian.New(r.dag, debian.Options{Suite: Suite, Platform: opts.Build.Platform}).Base(ctx)
		if err != nil {
			return nil, fmt.Errorf("rust: %w", err)
		}
		return base.WithoutDefaultArgs(), nil
	}
	return r.dag.Container(dagger.ContainerOpts{Platform: opts.Build.Platform}).WithRootfs(runtimeimage.Root(r.dag)), nil
}

// config is everything about an image but its files.
func (o ImageOptions) config() runtimeimage.Config {
	return runtimeimage.Config{
		User: o.User, Ports: o.Ports, Env: o.Env, Entrypoint: o.Entrypoint, Args: o.Args,
		Title: o.Title, Source: o.Source, Revision: o.Revision, Version: o.Version, Created: o.Created, Labels: o.Labels,
	}
}
