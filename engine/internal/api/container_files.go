package api

import (
	"context"
	"errors"
	"os"

	graphql "github.com/graph-gophers/graphql-go"
	"github.com/moby/buildkit/client/llb"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

func mode(bits int32) os.FileMode { return os.FileMode(bits) } //nolint:gosec // permission bits

// owner translates the names of an owner into numbers.
func (c *Container) owner(ctx context.Context, owner string) (string, error) {
	numeric, err := c.v.Owner(ctx, c.srv.session, owner)
	return numeric, wrap(err)
}

// WithRootfs replaces the root file system.
func (c *Container) WithRootfs(args struct{ Directory graphql.ID }) (*Container, error) {
	dir, err := load[*Directory](c.srv, args.Directory)
	if err != nil {
		return nil, err
	}
	return c.with("withRootfs", args, c.v.WithRootfs(dir.v)), nil
}

// WithDirectory copies a directory into the container.
func (c *Container) WithDirectory(ctx context.Context, args struct {
	Path, Owner      string
	Source           graphql.ID
	Exclude, Include []string
	Gitignore        bool
	Expand           bool
	Permissions      int32
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	dir, err := load[*Directory](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	src, err := dir.filtered(ctx, args.Gitignore)
	if err != nil {
		return nil, err
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	v, err := c.v.WithDirectory(args.Path, src, core.CopyOptions{
		Include: args.Include, Exclude: args.Exclude, Owner: owner, Permissions: mode(args.Permissions),
	})
	return c.try("withDirectory", args, v, err)
}

// WithFile copies a file into the container.
func (c *Container) WithFile(ctx context.Context, args struct {
	Path, Owner string
	Source      graphql.ID
	Permissions int32
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	file, err := load[*File](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	v, err := c.v.WithFile(args.Path, file.v, core.CopyOptions{Owner: owner, Permissions: mode(args.Permissions)})
	return c.try("withFile", args, v, err)
}

// WithFiles copies files into a folder of the container.
func (c *Container) WithFiles(ctx context.Context, args struct {
	Path, Owner string
	Sources     []graphql.ID
	Permissions int32
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	files, err := loadAll[*File](c.srv, args.Sources)
	if err != nil {
		return nil, err
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	v, err := c.v.WithFiles(args.Path, values(files), core.CopyOptions{Owner: owner, Permissions: mode(args.Permissions)})
	return c.try("withFiles", args, v, err)
}

func values(files []*File) []core.File {
	out := make([]core.File, len(files))
	for i, f := range files {
		out[i] = f.v
	}
	return out
}

// WithNewFile writes a file.
func (c *Container) WithNewFile(ctx context.Context, args struct {
	Path, Contents, Owner string
	Permissions           int32
	Expand                bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	v, err := c.v.WithNewFile(args.Path, args.Contents, mode(args.Permissions), owner)
	return c.try("withNewFile", args, v, err)
}

// WithSymlink makes a symbolic link.
func (c *Container) WithSymlink(args struct {
	Target, LinkName string
	Expand           bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Target, &args.LinkName); err != nil {
		return nil, err
	}
	v, err := c.v.WithSymlink(args.Target, args.LinkName)
	return c.try("withSymlink", args, v, err)
}

// WithoutDirectory removes a folder.
func (c *Container) WithoutDirectory(args pathArgs) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	v, err := c.v.Without(args.Path)
	return c.try("withoutDirectory", args, v, err)
}

// WithoutFile removes a file.
func (c *Container) WithoutFile(args pathArgs) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	v, err := c.v.Without(args.Path)
	return c.try("withoutFile", args, v, err)
}

// WithoutFiles removes files.
func (c *Container) WithoutFiles(args struct {
	Paths  []string
	Expand bool
}) (*Container, error) {
	for i := range args.Paths {
		if err := c.expand(args.Expand, &args.Paths[i]); err != nil {
			return nil, err
		}
	}
	v, err := c.v.Without(args.Paths...)
	return c.try("withoutFiles", args, v, err)
}

// WithMountedDirectory mounts a directory. Commands may write there; the
// directory itself stays as it is.
func (c *Container) WithMountedDirectory(ctx context.Context, args struct {
	Path, Owner string
	Source      graphql.ID
	ReadOnly    bool
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	dir, err := load[*Directory](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	st, p := core.Owned(dir.v.State, dir.v.Path, false, owner)
	return c.with("withMountedDirectory", args, c.v.WithMount(core.Mount{
		Kind: core.MountDirectory, Target: args.Path, State: st, Path: p, ReadOnly: args.ReadOnly,
	})), nil
}

// WithMountedFile mounts a file.
func (c *Container) WithMountedFile(ctx context.Context, args struct {
	Path, Owner string
	Source      graphql.ID
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	file, err := load[*File](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	st, p := core.Owned(file.v.State, file.v.Path, true, owner)
	return c.with("withMountedFile", args, c.v.WithMount(core.Mount{
		Kind: core.MountFile, Target: args.Path, State: st, Path: p,
	})), nil
}

// WithMountedCache mounts a cache volume.
func (c *Container) WithMountedCache(ctx context.Context, args struct {
	Path, Owner   string
	Cache, Source graphql.ID
	Sharing       *string
	Expand        bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	cache, err := load[*CacheVolume](c.srv, args.Cache)
	if err != nil {
		return nil, err
	}
	m := core.Mount{
		Kind: core.MountCache, Target: args.Path,
		CacheID: "bodkin:" + cache.key, Sharing: core.SharingMode(cache.sharing), State: llb.Scratch(), Path: "/",
	}
	if args.Sharing != nil {
		m.Sharing = core.SharingMode(*args.Sharing)
	}
	source := cache.source
	if args.Source != "" {
		if source, err = load[*Directory](c.srv, args.Source); err != nil {
			return nil, err
		}
	}
	if source != nil {
		m.State, m.Path = source.v.State, source.v.Path
	}
	if args.Owner == "" {
		args.Owner = cache.owner
	}
	owner, err := c.owner(ctx, args.Owner)
	if err != nil {
		return nil, err
	}
	m.State, m.Path = core.OwnedFolder(m.State, m.Path, owner)
	return c.with("withMountedCache", args, c.v.WithMount(m)), nil
}

// WithMountedTemp mounts a folder in memory that is empty for each command.
func (c *Container) WithMountedTemp(args struct {
	Path   string
	Size   int32
	Expand bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	return c.with("withMountedTemp", args, c.v.WithMount(core.Mount{
		Kind: core.MountTemp, Target: args.Path, Size: int64(args.Size),
	})), nil
}

// defaultSecretMode is that of a mounted secret: its owner may read it.
const defaultSecretMode = 0o400

// WithMountedSecret mounts a secret as a file.
func (c *Container) WithMountedSecret(ctx context.Context, args struct {
	Path, Owner string
	Source      graphql.ID
	Mode        int32
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	secret, err := load[*Secret](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	uid, gid, err := c.v.OwnerIDs(ctx, c.srv.session, args.Owner)
	if err != nil {
		return nil, wrap(err)
	}
	m := core.Mount{Kind: core.MountSecret, Target: args.Path, SecretID: secret.id, UID: uid, GID: gid, Mode: int(args.Mode)}
	if m.Mode == 0 {
		m.Mode = defaultSecretMode
	}
	return c.with("withMountedSecret", args, c.v.WithMount(m)), nil
}

// WithoutMount removes a mount.
func (c *Container) WithoutMount(args pathArgs) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	return c.with("withoutMount", args, c.v.WithoutMount(args.Path)), nil
}

// tempDir is the session's own folder on this machine, made when first needed.
func (s *Server) tempDir() (string, error) {
	s.tmpOnce.Do(func() { s.tmp, s.tmpErr = os.MkdirTemp("", "bodkin-session-") })
	if s.tmpErr != nil {
		return "", errors.Join(errors.New("making the session's temporary folder"), s.tmpErr)
	}
	return s.tmp, nil
}
