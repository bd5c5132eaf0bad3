package api

import (
	"context"
	"fmt"
	"time"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// File is the API's File.
type File struct {
	node
	v core.File
}

// ID makes the object loadable.
func (f *File) ID() graphql.ID { return f.register(f) }

func (f *File) with(field string, args any, v core.File) *File {
	return &File{f.derive("File", field, args), v}
}

// Sync evaluates the file.
func (f *File) Sync(ctx context.Context) (graphql.ID, error) {
	return f.ID(), wrap(f.v.Sync(ctx, f.srv.session))
}

// Name is the file's own name.
func (f *File) Name() string { return f.v.Name() }

// Contents is what is in the file, or some of its lines.
func (f *File) Contents(ctx context.Context, args struct{ OffsetLines, LimitLines *int32 }) (string, error) {
	contents, err := f.v.Contents(ctx, f.srv.session)
	if err != nil {
		return "", wrap(err)
	}
	return core.Lines(string(contents), number(args.OffsetLines), number(args.LimitLines)), nil
}

func number(n *int32) int {
	if n == nil {
		return 0
	}
	return int(*n)
}

// Size is in bytes.
func (f *File) Size(ctx context.Context) (int32, error) {
	st, err := f.v.Stat(ctx, f.srv.session)
	if err != nil {
		return 0, wrap(err)
	}
	return size(f.Name(), st)
}

// Stat returns what is known of the file.
func (f *File) Stat(ctx context.Context) (*Stat, error) {
	st, err := f.v.Stat(ctx, f.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	return &Stat{f.derive("Stat", "stat", nil), f.Name(), st}, nil
}

// Digest is the SHA-256 of the contents and, unless excluded, of name and mode.
func (f *File) Digest(ctx context.Context, args struct{ ExcludeMetadata bool }) (string, error) {
	sum, err := f.v.Digest(ctx, f.srv.session, args.ExcludeMetadata)
	return sum, wrap(err)
}

// Export writes the file to a path of the host.
func (f *File) Export(ctx context.Context, args struct {
	Path               string
	AllowParentDirPath bool
}) (string, error) {
	target, err := core.TargetPath(args.Path)
	if err != nil {
		return "", err
	}
	written, err := f.v.Export(ctx, f.srv.session, target, args.AllowParentDirPath)
	return written, wrap(err)
}

// WithName returns the file under another name.
func (f *File) WithName(args nameArgs) *File {
	return f.with("withName", args, f.v.WithName(args.Name))
}

// WithTimestamps sets the modification time, in seconds since 1970.
func (f *File) WithTimestamps(args struct{ Timestamp int32 }) *File {
	return f.with("withTimestamps", args, f.v.WithTimestamps(time.Unix(int64(args.Timestamp), 0)))
}

// Chown gives the file to an owner.
func (f *File) Chown(args struct{ Owner string }) (*File, error) {
	owner, err := core.DirectoryOwner(args.Owner)
	if err != nil {
		return nil, err
	}
	return f.with("chown", args, f.v.Chown(owner)), nil
}

// WithReplaced replaces a string in the contents.
func (f *File) WithReplaced(ctx context.Context, args struct {
	Search, Replacement string
	All                 bool
	FirstFrom           int32
}) (*File, error) {
	contents, err := f.v.Contents(ctx, f.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	st, err := f.v.Stat(ctx, f.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	replaced, err := core.Replace(string(contents), args.Search, args.Replacement, args.All, int(args.FirstFrom))
	if err != nil {
		return nil, fmt.Errorf("replacing in %s: %w", f.Name(), err)
	}
	return f.with("withReplaced", args, core.NewFile(f.v.Platform, f.Name(), replaced, int(core.Mode(st)))), nil
}
