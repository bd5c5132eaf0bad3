package api

import (
	"context"
	"os"
	"path/filepath"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// WithChangeset adds another changeset.
func (c *Changeset) WithChangeset(ctx context.Context, args struct {
	Changes    graphql.ID
	OnConflict string
}) (*Changeset, error) {
	other, err := load[*Changeset](c.srv, args.Changes)
	if err != nil {
		return nil, err
	}
	v, err := c.v.WithChangeset(ctx, c.srv.session, other.v, core.OnConflict(args.OnConflict))
	return changesetOf(c.derive("Changeset", "withChangeset", args), v), wrap(err)
}

// WithChangesets adds several changesets.
func (c *Changeset) WithChangesets(ctx context.Context, args struct {
	Changes    []graphql.ID
	OnConflict string
}) (*Changeset, error) {
	loaded, err := loadAll[*Changeset](c.srv, args.Changes)
	if err != nil {
		return nil, err
	}
	others := make([]core.Changeset, len(loaded))
	for i, other := range loaded {
		others[i] = other.v
	}
	v, err := c.v.WithChangesets(ctx, c.srv.session, others, core.OnConflict(args.OnConflict))
	return changesetOf(c.derive("Changeset", "withChangesets", args), v), wrap(err)
}

// inlinePatch is up to how many bytes a patch is part of a definition.
const inlinePatch = 1 << 20

// AsPatch returns the changes as a patch.
func (c *Changeset) AsPatch(ctx context.Context) (*File, error) {
	patch, err := c.v.Patch(ctx, c.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	id := c.derive("File", "asPatch", nil)
	if len(patch) <= inlinePatch {
		return &File{id, core.NewFile(c.v.After.Platform, core.PatchName, patch, 0)}, nil
	}
	dir, err := c.srv.tempDir()
	if err != nil {
		return nil, err
	}
	target := filepath.Join(dir, id.digest, core.PatchName)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(target, []byte(patch), 0o644); err != nil { //nolint:gosec // in a folder of the session's own
		return nil, err
	}
	v, err := core.HostFile(c.srv.session, target, 0)
	v.Made = true
	return &File{id, v}, err
}

// DiffStats say how much of each path is changed.
func (c *Changeset) DiffStats(ctx context.Context) ([]*DiffStat, error) {
	stats, err := c.v.DiffStats(ctx, c.srv.session)
	out := []*DiffStat{}
	for i, stat := range stats {
		out = append(out, &DiffStat{c.derive("DiffStat", "diffStats", i), stat})
	}
	return out, wrap(err)
}

// DiffStat is the API's DiffStat.
type DiffStat struct {
	node
	v core.DiffStat
}

// ID makes the object loadable.
func (d *DiffStat) ID() graphql.ID { return d.register(d) }

// Path is what is changed.
func (d *DiffStat) Path() string { return d.v.Path }

// OldPath is where a renamed file was.
func (d *DiffStat) OldPath() *string {
	if d.v.OldPath == "" {
		return nil
	}
	return &d.v.OldPath
}

// Kind is the kind of change.
func (d *DiffStat) Kind() string { return d.v.Kind }

// AddedLines counts lines.
func (d *DiffStat) AddedLines() int32 { return int32(d.v.Added) } //nolint:gosec // lines of a file that was read

// RemovedLines counts lines.
func (d *DiffStat) RemovedLines() int32 { return int32(d.v.Removed) } //nolint:gosec // as above

// WithPatch applies a patch.
func (d *Directory) WithPatch(ctx context.Context, args struct{ Patch string }) (*Directory, error) {
	v, err := d.v.WithPatch(ctx, d.srv.session, args.Patch)
	return d.with("withPatch", args, v), wrap(err)
}

// WithPatchFile applies a patch that is in a file.
func (d *Directory) WithPatchFile(ctx context.Context, args struct{ Patch graphql.ID }) (*Directory, error) {
	file, err := load[*File](d.srv, args.Patch)
	if err != nil {
		return nil, err
	}
	patch, err := file.v.Contents(ctx, d.srv.session)
	if err != nil {
		return nil, wrap(err)
	}
	v, err := d.v.WithPatch(ctx, d.srv.session, string(patch))
	return d.with("withPatchFile", args, v), wrap(err)
}

// LoadDiffStatFromID loads what is known of a change.
func (*Query) LoadDiffStatFromID(ctx context.Context, a idArgs) (*DiffStat, error) {
	return load[*DiffStat](queryOf(ctx).srv, a.ID)
}

// ToDiffStat is for GraphQL's inline fragments.
func (n *Node) ToDiffStat() (*DiffStat, bool) { return to[*DiffStat](n) }
