package api

import (
	"context"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Changeset is the API's Changeset.
type Changeset struct {
	node
	v             core.Changeset
	before, after *Directory
}

// ID makes the object loadable.
func (c *Changeset) ID() graphql.ID { return c.register(c) }

// newChangeset returns the changes between two directories.
func newChangeset(n node, before, after *Directory) *Changeset {
	return &Changeset{n, core.Changeset{Before: before.v, After: after.v}, before, after}
}

// changesetOf is the changeset that a call made.
func changesetOf(n node, v core.Changeset) *Changeset {
	return &Changeset{
		n, v,
		&Directory{n.derive("Directory", "before", nil), v.Before},
		&Directory{n.derive("Directory", "after", nil), v.After},
	}
}

// Changeset returns one without changes.
func (*Query) Changeset(ctx context.Context) *Changeset {
	q := queryOf(ctx)
	return changesetOf(q.derive("Changeset", "changeset", nil), core.NewChangeset(q.srv.session.Platform()))
}

// Changes are what makes d of another directory.
func (d *Directory) Changes(args struct{ From graphql.ID }) (*Changeset, error) {
	from, err := load[*Directory](d.srv, args.From)
	if err != nil {
		return nil, err
	}
	return newChangeset(d.derive("Changeset", "changes", args), from, d), nil
}

// WithChanges applies a changeset.
func (d *Directory) WithChanges(ctx context.Context, args struct{ Changes graphql.ID }) (*Directory, error) {
	changes, err := load[*Changeset](d.srv, args.Changes)
	if err != nil {
		return nil, err
	}
	v, err := d.v.WithChanges(ctx, d.srv.session, changes.v)
	return d.with("withChanges", args, v), wrap(err)
}

// Sync evaluates both directories.
func (c *Changeset) Sync(ctx context.Context) (graphql.ID, error) {
	return c.ID(), wrap(c.v.Sync(ctx, c.srv.session))
}

// Before is the older directory.
func (c *Changeset) Before() *Directory { return c.before }

// After is the newer one.
func (c *Changeset) After() *Directory { return c.after }

// AddedPaths are those that only the newer directory has.
func (c *Changeset) AddedPaths(ctx context.Context) ([]string, error) {
	paths, err := c.v.Paths(ctx, c.srv.session)
	return paths.Added, wrap(err)
}

// ModifiedPaths are those of files that differ.
func (c *Changeset) ModifiedPaths(ctx context.Context) ([]string, error) {
	paths, err := c.v.Paths(ctx, c.srv.session)
	return paths.Modified, wrap(err)
}

// RemovedPaths are those that only the older directory has, without what is below
// removed folders.
func (c *Changeset) RemovedPaths(ctx context.Context) ([]string, error) {
	paths, err := c.v.Paths(ctx, c.srv.session)
	return paths.Removed, wrap(err)
}

// IsEmpty reports whether nothing differs.
func (c *Changeset) IsEmpty(ctx context.Context) (bool, error) {
	paths, err := c.v.Paths(ctx, c.srv.session)
	return paths.Empty(), wrap(err)
}

// Layer has what was added and modified.
func (c *Changeset) Layer(ctx context.Context) (*Directory, error) {
	v, err := c.v.Layer(ctx, c.srv.session)
	return &Directory{c.derive("Directory", "layer", nil), v}, wrap(err)
}

// Export makes the changes in a folder of the host.
func (c *Changeset) Export(ctx context.Context, args struct{ Path string }) (string, error) {
	target, err := core.TargetPath(args.Path)
	if err != nil {
		return "", err
	}
	return target, wrap(c.v.Export(ctx, c.srv.session, target))
}

// LoadChangesetFromID loads a changeset.
func (*Query) LoadChangesetFromID(ctx context.Context, a idArgs) (*Changeset, error) {
	return load[*Changeset](queryOf(ctx).srv, a.ID)
}

// ToChangeset is for GraphQL's inline fragments.
func (n *Node) ToChangeset() (*Changeset, bool) { return to[*Changeset](n) }
