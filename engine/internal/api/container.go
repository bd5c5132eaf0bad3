package api

import (
	"context"
	"fmt"
	"slices"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Container is the API's Container.
type Container struct {
	node
	v core.Container
}

// ID makes the object loadable.
func (c *Container) ID() graphql.ID { return c.register(c) }

// with returns the container that a call on c results in.
func (c *Container) with(field string, args any, v core.Container) *Container {
	return &Container{c.derive("Container", field, args), v}
}

func (c *Container) try(field string, args any, v core.Container, err error) (*Container, error) {
	if err != nil {
		return nil, wrap(err)
	}
	return c.with(field, args, v), nil
}

// expand replaces variables in texts if that was asked for.
func (c *Container) expand(asked bool, texts ...*string) error {
	for _, text := range texts {
		if !asked {
			break
		}
		expanded, err := c.v.Expand(*text)
		if err != nil {
			return err
		}
		*text = expanded
	}
	return nil
}

// Sync runs what is still to run.
func (c *Container) Sync(ctx context.Context) (graphql.ID, error) {
	return c.ID(), wrap(c.v.Sync(ctx, c.srv.session))
}

// Stdout is what the last command has written there.
func (c *Container) Stdout(ctx context.Context) (string, error) {
	out, err := c.v.Output(ctx, c.srv.session, protocol.StdoutFile)
	return out, wrap(err)
}

// Stderr is what the last command has written there.
func (c *Container) Stderr(ctx context.Context) (string, error) {
	out, err := c.v.Output(ctx, c.srv.session, protocol.StderrFile)
	return out, wrap(err)
}

// CombinedOutput is both outputs of the last command in the order of writing.
func (c *Container) CombinedOutput(ctx context.Context) (string, error) {
	out, err := c.v.Output(ctx, c.srv.session, protocol.CombinedFile)
	return out, wrap(err)
}

// ExitCode is that of the last command.
func (c *Container) ExitCode(ctx context.Context) (int32, error) {
	code, err := c.v.ExitCode(ctx, c.srv.session)
	return int32(code), wrap(err) //nolint:gosec // exit codes have 8 bits
}

// WithExec adds a command.
func (c *Container) WithExec(args struct {
	Args                                          []string
	Stdin                                         string
	RedirectStdin, RedirectStdout, RedirectStderr string
	Expect                                        string
	UseEntrypoint, Expand, NoInit                 bool
	InsecureRootCapabilities                      bool
	ExperimentalPrivilegedNesting                 bool
}) (*Container, error) {
	if args.ExperimentalPrivilegedNesting {
		return nil, notServed("Option experimentalPrivilegedNesting of Container.withExec")
	}
	if args.Stdin != "" && args.RedirectStdin != "" {
		return nil, fmt.Errorf("withExec: stdin and redirectStdin exclude each other")
	}
	v, err := c.v.WithExec(core.ExecOptions{
		Args: args.Args, UseEntrypoint: args.UseEntrypoint, Stdin: args.Stdin,
		RedirectStdin: args.RedirectStdin, RedirectStdout: args.RedirectStdout, RedirectStderr: args.RedirectStderr,
		Expect: args.Expect, Insecure: args.InsecureRootCapabilities, Expand: args.Expand, NoInit: args.NoInit,
	})
	return c.try("withExec", args, v, err)
}

type fromArgs struct {
	Address         string
	RegistryService graphql.ID
}

// From starts from an image in a registry.
func (c *Container) From(ctx context.Context, args fromArgs) (*Container, error) {
	if args.RegistryService != "" {
		service, err := c.srv.containerService(args.RegistryService)
		if err != nil {
			return nil, err
		}
		v, err := c.v.FromService(ctx, c.srv.session, service, args.Address, c.srv.tempDir)
		return c.try("from", args, v, err)
	}
	v, err := c.v.From(ctx, c.srv.session, args.Address)
	return c.try("from", args, v, err)
}

// ImageRef is the reference of the image that the container came from unchanged.
func (c *Container) ImageRef() (string, error) {
	if c.v.ImageRef == "" {
		return "", fmt.Errorf("the container is not an unchanged image from a registry")
	}
	return c.v.ImageRef, nil
}

// Import starts from an image archive.
func (c *Container) Import(ctx context.Context, args struct {
	Source graphql.ID
	Tag    string
}) (*Container, error) {
	file, err := load[*File](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	v, err := c.v.Import(ctx, c.srv.session, file.v, args.Tag, c.srv.tempDir)
	return c.try("import", args, v, err)
}

// Platform is where the container's commands run.
func (c *Container) Platform() Platform { return formatPlatform(c.v.Platform) }

// Export writes the image as an archive to a path of the host.
func (c *Container) Export(ctx context.Context, args struct {
	archiveArgs
	Path   string
	Expand bool
}) (string, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return "", err
	}
	o, err := args.options(c.srv)
	if err != nil {
		return "", err
	}
	target, err := core.TargetPath(args.Path)
	if err != nil {
		return "", err
	}
	return target, wrap(c.v.ExportArchive(ctx, c.srv.session, target, o))
}

// AsTarball returns the image as an archive.
func (c *Container) AsTarball(ctx context.Context, args archiveArgs) (*File, error) {
	o, err := args.options(c.srv)
	if err != nil {
		return nil, err
	}
	dir, err := c.srv.tempDir()
	if err != nil {
		return nil, err
	}
	id := c.derive("File", "asTarball", args)
	target := dir + "/" + id.digest + ".tar"
	if err := c.v.ExportArchive(ctx, c.srv.session, target, o); err != nil {
		return nil, wrap(err)
	}
	v, err := core.HostFile(c.srv.session, target, 0)
	v.Made = true
	return &File{id, v}, err
}

// Rootfs is the root file system without mounts.
func (c *Container) Rootfs() *Directory {
	return &Directory{c.derive("Directory", "rootfs", nil), c.v.Rootfs()}
}

type pathArgs struct {
	Path   string
	Expand bool
}

// Directory returns a folder of the container.
func (c *Container) Directory(args pathArgs) (*Directory, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	v, err := c.v.Directory(args.Path)
	return &Directory{c.derive("Directory", "directory", args), v}, err
}

// File returns a file of the container.
func (c *Container) File(args pathArgs) (*File, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	v, err := c.v.File(args.Path)
	return &File{c.derive("File", "file", args), v}, err
}

// Exists tells whether something is at a path.
func (c *Container) Exists(ctx context.Context, args struct {
	existsArgs
	Expand bool
}) (bool, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return false, err
	}
	dir, err := c.v.Directory(args.Path)
	if err != nil {
		return false, err
	}
	return exists(ctx, c.srv, dir, args.existsArgs)
}

// Stat returns what is at a path.
func (c *Container) Stat(ctx context.Context, args statArgs) (*Stat, error) {
	dir, err := c.v.Directory(args.Path)
	if err != nil {
		return nil, err
	}
	return statAt(ctx, c.derive("Stat", "stat", args), dir, args.DoNotFollowSymlinks)
}

// Mounts lists where something is mounted.
func (c *Container) Mounts() []string { return c.v.Targets() }

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return slices.Clone(list)
}
