package core

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/epiclabs-io/diff3"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// OnConflict says what to do where two changesets change the same path.
type OnConflict string

// What the API calls them.
const (
	FailEarly    OnConflict = "FAIL_EARLY"             // even where both changes fit together
	Fail         OnConflict = "FAIL"                   // where they do not
	LeaveMarkers OnConflict = "LEAVE_CONFLICT_MARKERS" // keep what was modified against what was removed
	PreferOurs   OnConflict = "PREFER_OURS"
	PreferTheirs OnConflict = "PREFER_THEIRS"
)

// ConflictError names the paths that two changesets change in different ways.
type ConflictError struct{ Paths []string }

func (e *ConflictError) Error() string {
	const shown = 10
	paths := e.Paths
	more := ""
	if len(paths) > shown {
		paths, more = paths[:shown], fmt.Sprintf(" and %d more", len(e.Paths)-shown)
	}
	return "merging changesets: both change " + strings.Join(paths, ", ") + more +
		": say with onConflict which one counts, or change other paths"
}

// WithChangeset adds another changeset to c: what only one of them changes is taken
// over, texts that both change are merged by lines, and onConflict says what to do
// with the rest.
func (c Changeset) WithChangeset(ctx context.Context, s *buildkit.Session, other Changeset, onConflict OnConflict) (Changeset, error) {
	ours, err := c.list(ctx, s, protocol.ContentsNone)
	if err != nil {
		return c, err
	}
	theirs, err := other.list(ctx, s, protocol.ContentsNone)
	if err != nil {
		return c, err
	}
	clashes := clashesOf(ours, theirs)
	if onConflict == FailEarly && len(clashes) > 0 {
		return c, &ConflictError{clashPaths(clashes)}
	}
	before, err := c.commonBefore(ctx, other)
	if err != nil {
		return c, err
	}
	after, err := before.WithChanges(ctx, s, c)
	if err != nil {
		return c, err
	}
	if after, err = after.WithChanges(ctx, s, other); err != nil {
		return c, err
	}
	m := merging{session: s, ours: c, theirs: other, onConflict: onConflict, after: after}
	for _, clash := range clashes {
		if err := m.settle(ctx, clash); err != nil {
			return c, err
		}
	}
	if len(m.failed) > 0 {
		return c, &ConflictError{m.failed}
	}
	return Changeset{Before: before, After: m.after}, nil
}

// WithChangesets adds several changesets to c, one after the other; those without
// changes are left out.
func (c Changeset) WithChangesets(ctx context.Context, s *buildkit.Session, others []Changeset, onConflict OnConflict) (Changeset, error) {
	if onConflict == FailEarly {
		if err := noClashes(ctx, s, append([]Changeset{c}, others...)); err != nil {
			return c, err
		}
	}
	for _, other := range others {
		changes, err := other.list(ctx, s, protocol.ContentsNone)
		if err != nil {
			return c, err
		}
		if len(changes) == 0 {
			continue
		}
		if c, err = c.WithChangeset(ctx, s, other, Fail); err != nil {
			return c, err
		}
	}
	return c, nil
}

// noClashes makes sure that no two changesets change the same path.
func noClashes(ctx context.Context, s *buildkit.Session, all []Changeset) error {
	lists := make([][]protocol.Change, len(all))
	for i, c := range all {
		var err error
		if lists[i], err = c.list(ctx, s, protocol.ContentsNone); err != nil {
			return err
		}
		for _, earlier := range lists[:i] {
			if clashes := clashesOf(earlier, lists[i]); len(clashes) > 0 {
				return &ConflictError{clashPaths(clashes)}
			}
		}
	}
	return nil
}

// commonBefore is what both changesets start from: one on top of the other where
// they start from different directories.
func (c Changeset) commonBefore(ctx context.Context, other Changeset) (Directory, error) {
	one, err := c.Before.definition(ctx)
	if err != nil {
		return c.Before, err
	}
	two, err := other.Before.definition(ctx)
	if err != nil || one == two {
		return c.Before, err
	}
	return c.Before.WithDirectory("/", other.Before, CopyOptions{}), nil
}

// definition names how the directory is made.
func (d Directory) definition(ctx context.Context) (digest.Digest, error) {
	def, err := d.State.Marshal(ctx)
	if err != nil || len(def.Def) == 0 {
		return digest.FromString(d.Path), err
	}
	head, err := def.Head()
	return digest.FromString(head.String() + d.Path), err
}

// clash is a path that two changesets change.
type clash struct {
	path         string
	ours, theirs protocol.Change
}

func clashPaths(clashes []clash) []string {
	var paths []string
	for _, c := range clashes {
		paths = append(paths, c.path)
	}
	return paths
}

// clashesOf finds what two changesets change both, in order of the paths. Folders
// and what both remove fit together.
func clashesOf(ours, theirs []protocol.Change) []clash {
	byPath := map[string][2]*protocol.Change{}
	for side, list := range [2][]protocol.Change{ours, theirs} {
		for i := range list {
			p := string(list[i].Path)
			both := byPath[p]
			// Of a folder that became a file only the file counts.
			if both[side] == nil || list[i].Kind != protocol.ChangeRemoved {
				both[side] = &list[i]
			}
			byPath[p] = both
		}
	}
	var clashes []clash
	for p, both := range byPath {
		if both[0] == nil || both[1] == nil || both[0].Kind == protocol.ChangeRemoved && both[1].Kind == protocol.ChangeRemoved ||
			isFolder(*both[0]) && isFolder(*both[1]) {
			continue
		}
		clashes = append(clashes, clash{p, *both[0], *both[1]})
	}
	slices.SortFunc(clashes, func(a, b clash) int { return strings.Compare(a.path, b.path) })
	return clashes
}

func isFolder(change protocol.Change) bool { return strings.HasSuffix(changedPath(change), "/") }

// merging is a merge of two changesets, in which after has all of both, and of each
// clash their side.
type merging struct {
	session      *buildkit.Session
	ours, theirs Changeset
	onConflict   OnConflict
	after        Directory
	failed       []string
}

// settle decides what is at a path that both change.
func (m *merging) settle(ctx context.Context, c clash) error {
	switch {
	case isFolder(c.ours) || isFolder(c.theirs):
		m.failed = append(m.failed, c.path)
		return nil
	case c.ours.Kind == protocol.ChangeRemoved || c.theirs.Kind == protocol.ChangeRemoved:
		return m.settleRemoved(ctx, c)
	}
	ours, err := m.version(ctx, m.ours.After, c.path)
	if err != nil {
		return err
	}
	theirs, err := m.version(ctx, m.theirs.After, c.path)
	if err != nil {
		return err
	}
	base := &patched{}
	if c.ours.Kind == protocol.ChangeModified {
		if base, err = m.version(ctx, m.ours.Before, c.path); err != nil {
			return err
		}
	}
	merged, fits := mergeVersions(base, ours, theirs, m.onConflict)
	switch {
	case fits:
		m.write(c.path, merged)
	case m.onConflict == PreferOurs:
		m.write(c.path, ours)
	case m.onConflict == PreferTheirs:
	default:
		m.failed = append(m.failed, c.path)
	}
	return nil
}

// settleRemoved decides between a file that one side has changed and the other has
// removed.
func (m *merging) settleRemoved(ctx context.Context, c clash) error {
	keepOurs := m.onConflict == PreferOurs || m.onConflict == LeaveMarkers && c.theirs.Kind == protocol.ChangeRemoved
	keepTheirs := m.onConflict == PreferTheirs || m.onConflict == LeaveMarkers && c.ours.Kind == protocol.ChangeRemoved
	switch {
	case keepOurs && c.ours.Kind == protocol.ChangeRemoved:
		m.after = m.after.WithoutExactly(c.path)
	case keepOurs:
		ours, err := m.version(ctx, m.ours.After, c.path)
		if err != nil {
			return err
		}
		m.write(c.path, ours)
	case !keepTheirs:
		m.failed = append(m.failed, c.path)
	}
	return nil
}

// version returns a file or link.
func (m *merging) version(ctx context.Context, d Directory, name string) (*patched, error) {
	p := patching{session: m.session, to: d}
	v, err := p.read(ctx, name)
	if err != nil {
		err = fmt.Errorf("merging changesets: reading %s: %w", name, err)
	}
	return v, err
}

func (m *merging) write(name string, v *patched) {
	if v.mode == gitLink {
		m.after = m.after.WithoutExactly(name).WithSymlink(string(v.content), name)
		return
	}
	m.after = m.after.edit(writeFile(m.after.State, m.after.in(name), v.content, v.perm, v.owner))
}

// mergeVersions merges what two sides have made of a file. That they do not fit
// together is told by fits; with markers they always do, unless they are no texts.
func mergeVersions(base, ours, theirs *patched, onConflict OnConflict) (merged *patched, fits bool) {
	result := *ours
	if ours.mode == base.mode {
		result.mode, result.perm = theirs.mode, theirs.perm
	}
	if string(ours.content) == string(theirs.content) && (ours.mode == gitLink) == (theirs.mode == gitLink) {
		return &result, true
	}
	for _, v := range []*patched{base, ours, theirs} {
		if v.mode == gitLink || isBinary(v.content) {
			return nil, false
		}
	}
	text, clean := mergeText(string(base.content), string(ours.content), string(theirs.content), onConflict)
	result.content = []byte(text)
	return &result, clean || onConflict != Fail && onConflict != FailEarly
}

func isBinary(content []byte) bool {
	const looked = 8000
	return slices.Contains(content[:min(len(content), looked)], 0)
}

// mergeText merges texts by lines. Where they do not fit together, it takes one
// side, or both between markers.
func mergeText(base, ours, theirs string, onConflict OnConflict) (merged string, clean bool) {
	clean = true
	var out strings.Builder
	for _, part := range diff3.Diff3Merge(splitLines(ours), splitLines(base), splitLines(theirs), true) {
		if part.Conflict == nil {
			out.WriteString(strings.Join(part.Ok, ""))
			continue
		}
		clean = false
		one, other := strings.Join(part.Conflict.A, ""), strings.Join(part.Conflict.B, "")
		switch onConflict {
		case PreferOurs:
			out.WriteString(one)
		case PreferTheirs:
			out.WriteString(other)
		default:
			out.WriteString("<<<<<<< ours\n" + ended(one) + "=======\n" + ended(other) + ">>>>>>> theirs\n")
		}
	}
	return out.String(), clean
}

// ended is text with an end of line, unless it is empty.
func ended(text string) string {
	if text != "" && !strings.HasSuffix(text, "\n") {
		return text + "\n"
	}
	return text
}

func splitLines(text string) []string {
	return slices.Collect(strings.Lines(text))
}
