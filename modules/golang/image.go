package golang

import (
	"context"
	"fmt"

	"dagger.io/dagger"
)

// DefaultUser is the user and group that images run as: numeric, so that
// Kubernetes can tell that it is not root.
const DefaultUser = "65532:65532"

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

// Accounts of an image. The default user's home is "/": the image has no other.
const (
	passwd = "root:x:0:0:root:/root:/sbin/nologin\n" +
		"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" +
		"nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	group = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"
)

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
	return opts.configure(ctr, program), nil
}

// imageFiles returns the root file system of an image.
func (g *Golang) imageFiles(opts ImageOptions, binary *dagger.File, program string) *dagger.Directory {
	readable := dagger.DirectoryWithNewFileOpts{Permissions: 0o644}
	files := g.dag.Directory().
		WithNewFile("/etc/passwd", passwd, readable).
		WithNewFile("/etc/group", group, readable)
	if opts.CABundle != nil {
		files = files.WithFile(caBundlePath, opts.CABundle, dagger.DirectoryWithFileOpts{Permissions: 0o644})
	}
	if opts.TimeZones != nil {
		files = files.WithDirectory(timeZonesPath, opts.TimeZones)
	}
	return files.WithFile(program, binary, dagger.DirectoryWithFileOpts{Permissions: 0o755})
}

// configure sets everything about an image but its files.
func (o ImageOptions) configure(ctr *dagger.Container, program string) *dagger.Container {
	user, entrypoint := o.User, o.Entrypoint
	if user == "" {
		user = DefaultUser
	}
	if len(entrypoint) == 0 {
		entrypoint = []string{program}
	}
	ctr = ctr.WithUser(user).WithWorkdir("/").WithEntrypoint(entrypoint)
	if len(o.Args) > 0 {
		ctr = ctr.WithDefaultArgs(o.Args)
	}
	for _, name := range sortedKeys(o.Env) {
		ctr = ctr.WithEnvVariable(name, o.Env[name])
	}
	for _, port := range o.Ports {
		ctr = ctr.WithExposedPort(port)
	}
	labels := o.labels()
	for _, name := range sortedKeys(labels) {
		ctr = ctr.WithLabel(name, labels[name])
	}
	return ctr
}

// labels returns the image's labels. The names are those of
// https://specs.opencontainers.org/image-spec/annotations/
func (o ImageOptions) labels() map[string]string {
	version := o.Version
	if version == "" {
		version = o.Build.Version
	}
	labels := map[string]string{}
	for name, value := range map[string]string{
		"title": o.Title, "source": o.Source, "revision": o.Revision, "version": version, "created": o.Created,
	} {
		if value != "" {
			labels[fmt.Sprintf("org.opencontainers.image.%s", name)] = value
		}
	}
	for name, value := range o.Labels {
		labels[name] = value
	}
	return labels
}
