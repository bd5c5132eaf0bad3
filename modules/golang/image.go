package golang

import (
	"context"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/internal/runtimeimage"
)

// DefaultUser is the user and group that images run as: numeric, so that
// Kubernetes can tell that it is not root.
const DefaultUser = runtimeimage.DefaultUser

// ImageOptions describe a runtime image. The zero value holds the module's main
// program.
type ImageOptions struct {
	// Build says what to build for the image.
	Build BuildOptions
	// Binary is a program that was built already, to use instead; Build then
	// only says for which platform and under which name (Output).
	Binary *dagger.File

	// CABundle holds the certificates of the authorities that the program
	// trusts in TLS connections. Default: none.
	CABundle *dagger.File
	// TimeZones is a zoneinfo folder, for programs that ask for time zones by
	// name. Default: none.
	TimeZones *dagger.Directory

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
	// the image; Version defaults to Build.Version. Created has no default: the
	// same inputs give the same image.
	Title, Source, Revision, Version, Created string
	// Labels are further labels.
	Labels map[string]string
}

// Image returns a container that holds the program and what it needs, on an
// empty root: no shell, no libc, no package manager.
func (g *Golang) Image(ctx context.Context, opts ImageOptions) (*dagger.Container, error) {
	b, err := g.describeBuild(ctx, opts.Build)
	if err != nil {
		return nil, err
	}
	platform, err := g.platform(ctx, opts.Build.Platform)
	if err != nil {
		return nil, err
	}
	binary := opts.Binary
	if binary == nil {
		if binary, err = g.Build(ctx, opts.Build); err != nil {
			return nil, err
		}
	}
	program := programsFolder + b.output[len(outPath):]
	ctr := g.dag.Container(dagger.ContainerOpts{Platform: platform}).
		WithRootfs(g.imageFiles(opts, binary, program))
	return opts.config().Apply(ctr, program), nil
}

// imageFiles returns the root file system of an image.
func (g *Golang) imageFiles(opts ImageOptions, binary *dagger.File, program string) *dagger.Directory {
	files := runtimeimage.Root(g.dag)
	if opts.CABundle != nil {
		files = files.WithFile(caBundlePath, opts.CABundle, dagger.DirectoryWithFileOpts{Permissions: 0o644})
	}
	if opts.TimeZones != nil {
		files = files.WithDirectory(timeZonesPath, opts.TimeZones)
	}
	return files.WithFile(program, binary, dagger.DirectoryWithFileOpts{Permissions: 0o755})
}

// config is everything about an image but its files.
func (o ImageOptions) config() runtimeimage.Config {
	version := o.Version
	if version == "" {
		version = o.Build.Version
	}
	return runtimeimage.Config{
		User: o.User, Ports: o.Ports, Env: o.Env, Entrypoint: o.Entrypoint, Args: o.Args,
		Title: o.Title, Source: o.Source, Revision: o.Revision, Version: version, Created: o.Created, Labels: o.Labels,
	}
}
