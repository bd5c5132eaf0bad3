package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"syscall"
	"time"

	graphql "github.com/graph-gophers/graphql-go"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Directory is the API's Directory.
type Directory struct {
	node
	v core.Directory
}

// ID makes the object loadable.
func (d *Directory) ID() graphql.ID { return d.register(d) }

func (d *Directory) with(field string, args any, v core.Directory) *Directory {
	return &Directory{d.derive("Directory", field, args), v}
}

// Sync evaluates the directory.
func (d *Directory) Sync(ctx context.Context) (graphql.ID, error) {
	return d.ID(), wrap(d.v.Sync(ctx, d.srv.session))
}

// Name is the directory's own name, with a slash at its end.
func (d *Directory) Name() string {
	if name := d.v.Name(); name != "/" {
		return name + "/"
	}
	return "/"
}

// Directory returns a directory within.
func (d *Directory) Directory(args struct{ Path string }) *Directory {
	return d.with("directory", args, d.v.Directory(args.Path))
}

// File returns a file within.
func (d *Directory) File(args struct{ Path string }) *File {
	return &File{d.derive("File", "file", args), d.v.File(args.Path)}
}

// Entries lists what is in a folder.
func (d *Directory) Entries(ctx context.Context, args struct{ Path string }) ([]string, error) {
	entries, err := d.v.Entries(ctx, d.srv.session, args.Path)
	return entries, wrap(err)
}

// Glob lists what matches a pattern.
func (d *Directory) Glob(ctx context.Context, args struct{ Pattern string }) ([]string, error) {
	matches, err := d.v.Glob(ctx, d.srv.session, args.Pattern)
	return matches, wrap(err)
}

// Export writes the directory to a folder of the host.
func (d *Directory) Export(ctx context.Context, args struct {
	Path string
	Wipe bool
}) (string, error) {
	target, err := core.TargetPath(args.Path)
	if err != nil {
		return "", err
	}
	return target, wrap(d.v.Export(ctx, d.srv.session, target, args.Wipe))
}

// filtered leaves out what .gitignore files within name, if asked.
func (d *Directory) filtered(ctx context.Context, gitignore bool) (core.Directory, error) {
	if !gitignore {
		return d.v, nil
	}
	v, err := d.v.WithoutIgnored(ctx, d.srv.session)
	return v, wrap(err)
}

// Filter keeps only what the patterns let through.
func (d *Directory) Filter(ctx context.Context, args struct {
	Exclude, Include []string
	Gitignore        bool
}) (*Directory, error) {
	v, err := d.filtered(ctx, args.Gitignore)
	return d.with("filter", args, v.Filter(core.CopyOptions{Include: args.Include, Exclude: args.Exclude})), err
}

// WithDirectory copies a directory.
func (d *Directory) WithDirectory(ctx context.Context, args struct {
	Path, Owner      string
	Source           graphql.ID
	Exclude, Include []string
	Gitignore        bool
	Permissions      int32
}) (*Directory, error) {
	src, err := load[*Directory](d.srv, args.Source)
	if err != nil {
		return nil, err
	}
	owner, err := core.DirectoryOwner(args.Owner)
	if err != nil {
		return nil, err
	}
	tree, err := src.filtered(ctx, args.Gitignore)
	return d.with("withDirectory", args, d.v.WithDirectory(args.Path, tree, core.CopyOptions{
		Include: args.Include, Exclude: args.Exclude, Owner: owner, Permissions: mode(args.Permissions),
	})), err
}

// WithFile copies a file.
func (d *Directory) WithFile(args struct {
	Path, Owner string
	Source      graphql.ID
	Permissions int32
}) (*Directory, error) {
	src, err := load[*File](d.srv, args.Source)
	if err != nil {
		return nil, err
	}
	owner, err := core.DirectoryOwner(args.Owner)
	if err != nil {
		return nil, err
	}
	return d.with("withFile", args, d.v.WithFile(args.Path, src.v, core.CopyOptions{Owner: owner, Permissions: mode(args.Permissions)})), nil
}

// WithFiles copies files into a folder.
func (d *Directory) WithFiles(args struct {
	Path        string
	Sources     []graphql.ID
	Permissions int32
}) (*Directory, error) {
	srcs, err := loadAll[*File](d.srv, args.Sources)
	if err != nil {
		return nil, err
	}
	return d.with("withFiles", args, d.v.WithFiles(args.Path, values(srcs), core.CopyOptions{Permissions: mode(args.Permissions)})), nil
}

// WithNewFile writes a file.
func (d *Directory) WithNewFile(args struct {
	Path, Contents string
	Permissions    int32
}) *Directory {
	return d.with("withNewFile", args, d.v.WithNewFile(args.Path, args.Contents, mode(args.Permissions)))
}

// WithNewDirectory makes a folder.
func (d *Directory) WithNewDirectory(args struct {
	Path        string
	Permissions int32
}) *Directory {
	return d.with("withNewDirectory", args, d.v.WithNewDirectory(args.Path, mode(args.Permissions)))
}

// WithSymlink makes a symbolic link.
func (d *Directory) WithSymlink(args struct{ Target, LinkName string }) *Directory {
	return d.with("withSymlink", args, d.v.WithSymlink(args.Target, args.LinkName))
}

// WithTimestamps sets all modification times, in seconds since 1970.
func (d *Directory) WithTimestamps(args struct{ Timestamp int32 }) *Directory {
	return d.with("withTimestamps", args, d.v.WithTimestamps(time.Unix(int64(args.Timestamp), 0)))
}

// WithoutDirectory removes a folder.
func (d *Directory) WithoutDirectory(args struct{ Path string }) *Directory {
	return d.with("withoutDirectory", args, d.v.Without(args.Path))
}

// WithoutFile removes a file.
func (d *Directory) WithoutFile(args struct{ Path string }) *Directory {
	return d.with("withoutFile", args, d.v.Without(args.Path))
}

// WithoutFiles removes files.
func (d *Directory) WithoutFiles(args struct{ Paths []string }) *Directory {
	return d.with("withoutFiles", args, d.v.Without(args.Paths...))
}

// WithError fails when evaluated.
func (d *Directory) WithError(args struct{ Err string }) (*Directory, error) {
	if args.Err == "" {
		return d, nil
	}
	return nil, errors.New(args.Err)
}

// Chown gives what is at a path to an owner.
func (d *Directory) Chown(args struct{ Path, Owner string }) (*Directory, error) {
	owner, err := core.DirectoryOwner(args.Owner)
	if err != nil {
		return nil, err
	}
	return d.with("chown", args, d.v.Chown(args.Path, owner)), nil
}

// Diff returns what other has and d has not.
func (d *Directory) Diff(args struct{ Other graphql.ID }) (*Directory, error) {
	other, err := load[*Directory](d.srv, args.Other)
	if err != nil {
		return nil, err
	}
	return d.with("diff", args, d.v.Diff(other.v)), nil
}

type existsArgs struct {
	Path                string
	ExpectedType        *string
	DoNotFollowSymlinks bool
}

type statArgs struct {
	Path                string
	DoNotFollowSymlinks bool
}

// Exists tells whether something is at a path.
func (d *Directory) Exists(ctx context.Context, args existsArgs) (bool, error) {
	at := d.v.Directory(args.Path)
	return exists(ctx, d.srv, at, args)
}

// Stat returns what is at a path.
func (d *Directory) Stat(ctx context.Context, args statArgs) (*Stat, error) {
	return statAt(ctx, d.derive("Stat", "stat", args), d.v.Directory(args.Path), args.DoNotFollowSymlinks)
}

func exists(ctx context.Context, s *Server, at core.Directory, args existsArgs) (bool, error) {
	want := deref(args.ExpectedType)
	st, err := lookup(ctx, s, at, args.DoNotFollowSymlinks || want == "SYMLINK_TYPE")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	if err != nil {
		return false, wrap(err)
	}
	return want == "" || want == fileType(st)+"_TYPE", nil
}

func lookup(ctx context.Context, s *Server, at core.Directory, noFollow bool) (*fstypes.Stat, error) {
	if noFollow {
		return at.Lstat(ctx, s.session, "/")
	}
	return at.Stat(ctx, s.session, "/")
}

func statAt(ctx context.Context, n node, at core.Directory, noFollow bool) (*Stat, error) {
	st, err := lookup(ctx, n.srv, at, noFollow)
	if err != nil {
		return nil, wrap(err)
	}
	return &Stat{n, path.Base(at.Path), st}, nil
}

// Stat is the API's Stat.
type Stat struct {
	node
	name string
	st   *fstypes.Stat
}

// ID makes the object loadable.
func (s *Stat) ID() graphql.ID { return s.register(s) }

// Name is the last element of the path.
func (s *Stat) Name() string { return s.name }

// FileType says what it is.
func (s *Stat) FileType() string { return fileType(s.st) }

func fileType(st *fstypes.Stat) string {
	switch m := fs.FileMode(st.Mode); {
	case m.IsDir():
		return "DIRECTORY"
	case m&fs.ModeSymlink != 0:
		return "SYMLINK"
	case m.IsRegular():
		return "REGULAR"
	default:
		return "UNKNOWN"
	}
}

// Permissions are the permission bits.
func (s *Stat) Permissions() int32 { return int32(core.Mode(s.st)) } //nolint:gosec // nine bits

// Size is in bytes.
func (s *Stat) Size() (int32, error) { return size(s.name, s.st) }

func size(name string, st *fstypes.Stat) (int32, error) {
	const most = 1<<31 - 1
	if st.Size > most {
		return 0, fmt.Errorf("%s has %d bytes, more than the API's numbers can hold (%d)", name, st.Size, most)
	}
	return int32(st.Size), nil //nolint:gosec // checked above
}
