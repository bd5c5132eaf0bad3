package core

import (
	"context"
	"io/fs"
	"sort"
	"strings"

	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Changeset is what makes one directory of another. What differs is found out
// where the trees are, by the shim; only the list of it travels.
type Changeset struct {
	Before, After Directory
}

// NewChangeset returns one without changes.
func NewChangeset(platform ocispecs.Platform) Changeset {
	empty := NewDirectory(platform)
	return Changeset{Before: empty, After: empty}
}

// ChangedPaths are the paths of a changeset, each list in order. Those of folders
// end in a slash.
type ChangedPaths struct {
	Added, Modified []string
	Removed         []string // without what is below removed folders
	AllRemoved      []string
}

// Empty reports whether there are none.
func (p ChangedPaths) Empty() bool { return len(p.Added)+len(p.Modified)+len(p.AllRemoved) == 0 }

// list has the shim find out what differs.
func (c Changeset) list(ctx context.Context, s *buildkit.Session, contents protocol.Contents) ([]protocol.Change, error) {
	args := protocol.CompareArgs(toolBefore, toolAfter, toolOut, contents)
	found, err := report(ctx, s, "compare directories", protocol.ChangesFile, args, map[string]Directory{toolBefore: c.Before, toolAfter: c.After})
	if err != nil {
		return nil, err
	}
	return decodeLines[protocol.Change](found)
}

// changedPath is the path of a change as the API shows it.
func changedPath(change protocol.Change) string {
	side := change.After
	if side == nil {
		side = change.Before
	}
	if side != nil && fs.FileMode(side.Mode).IsDir() {
		return string(change.Path) + "/"
	}
	return string(change.Path)
}

// Paths returns what is changed.
func (c Changeset) Paths(ctx context.Context, s *buildkit.Session) (ChangedPaths, error) {
	changes, err := c.list(ctx, s, protocol.ContentsNone)
	return pathsOf(changes), err
}

func pathsOf(changes []protocol.Change) ChangedPaths {
	paths := ChangedPaths{Added: []string{}, Modified: []string{}, Removed: []string{}, AllRemoved: []string{}}
	gone := "/" // the folder below which paths are gone with it
	for _, change := range changes {
		p := changedPath(change)
		switch change.Kind {
		case protocol.ChangeAdded:
			paths.Added = append(paths.Added, p)
		case protocol.ChangeModified:
			paths.Modified = append(paths.Modified, p)
		case protocol.ChangeRemoved:
			paths.AllRemoved = append(paths.AllRemoved, p)
			if strings.HasPrefix(p, gone) {
				continue
			}
			paths.Removed = append(paths.Removed, p)
			if strings.HasSuffix(p, "/") {
				gone = p
			}
		}
	}
	for _, list := range [][]string{paths.Added, paths.Modified, paths.Removed, paths.AllRemoved} {
		sort.Strings(list)
	}
	return paths
}

// Sync evaluates both directories.
func (c Changeset) Sync(ctx context.Context, s *buildkit.Session) error {
	if err := c.Before.Sync(ctx, s); err != nil {
		return err
	}
	return c.After.Sync(ctx, s)
}

// Layer is a directory with what was added and modified.
func (c Changeset) Layer(ctx context.Context, s *buildkit.Session) (Directory, error) {
	return NewDirectory(c.After.Platform).WithChanges(ctx, s, c)
}

// toolTarget is the tree that the shim changes.
const toolTarget = "/target"

// WithChanges returns the directory with what the changeset adds, modifies and
// removes.
func (d Directory) WithChanges(ctx context.Context, s *buildkit.Session, c Changeset) (Directory, error) {
	target := Mount{Kind: MountDirectory, State: d.State, Path: d.Path}
	if isHostState(d.State) {
		target = target.copied()
	}
	run, err := s.TreeTool(ctx, "apply changes to "+d.Path, protocol.ApplyArgs(toolBefore, toolAfter, toolTarget),
		c.Before.seen(toolBefore), c.After.seen(toolAfter), llb.AddMount(toolTarget, target.State, llb.SourcePath(target.Path)))
	if err != nil {
		return d, err
	}
	return Directory{State: treeOf(run.GetMount(toolTarget)), Path: target.Path, Platform: d.Platform}, nil
}

// Export makes the changes in a folder of the host. What is removed there is put
// aside first, and nothing is, where something of another kind is in the way.
func (c Changeset) Export(ctx context.Context, s *buildkit.Session, target string) error {
	paths, err := c.Paths(ctx, s)
	if err != nil {
		return err
	}
	layer, err := c.Layer(ctx, s)
	if err != nil {
		return err
	}
	return layer.export(ctx, s, target, func(staging *staging) error { return staging.withdraw(paths.Removed) })
}
