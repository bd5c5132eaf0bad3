package rust

import (
	"context"
	"fmt"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/debian"
)

// DefaultUser is the user and group that images run as: numeric, so that
// Kubernetes can tell that it is not root.
const DefaultUser = "65532:65532"

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

// Accounts of an image. The default user's home is "/": the image has no other.
const (
	passwd = "root:x:0:0:root:/root:/sbin/nologin\n" +
		"nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n" +
		"nonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
	group = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n"
)

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
	return opts.configure(ctr, program), nil
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
	readable := dagger.DirectoryWithNewFileOpts{Permissions: 0o644}
	files := r.dag.Directory().
		WithNewFile("/etc/passwd", passwd, readable).
		WithNewFile("/etc/group", group, readable)
	return r.dag.Container(dagger.ContainerOpts{Platform: opts.Build.Platform}).WithRootfs(files), nil
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
	labels := map[string]string{}
	for name, value := range map[string]string{
		"title": o.Title, "source": o.Source, "revision": o.Revision, "version": o.Version, "created": o.Created,
	} {
		if value != "" {
			labels["org.opencontainers.image."+name] = value
		}
	}
	for name, value := range o.Labels {
		labels[name] = value
	}
	return labels
}
