package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// merged is the file f after a merge, or "none".
func merged(t *testing.T, c *dagger.Changeset) string {
	t.Helper()
	ok, err := c.After().Exists(t.Context(), "f")
	require.NoError(t, err)
	if !ok {
		return "none"
	}
	return contents(t, c.After().File("f"))
}

func TestWithChangeset(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		base := e.treeOf(map[string]string{"f": "1\n2\n3\n4\n5\n6\n7\n", "a": "a\n", "gone": "g\n", "dir/x": "x\n"})
		ours := base.WithNewFile("new-a", "a").WithNewFile("f", "ours\n2\n3\n4\n5\n6\n7\n").WithoutFile("gone").WithNewFile("both/one", "1").Changes(base)
		theirs := base.WithNewFile("new-b", "b").WithNewFile("f", "1\n2\n3\n4\n5\n6\ntheirs\n").WithoutFile("gone").WithoutDirectory("dir").WithNewFile("both/two", "2").Changes(base)
		all := ours.WithChangeset(theirs)
		require.Equal(t, [3][]string{{"both/", "both/one", "both/two", "new-a", "new-b"}, {"f"}, {"dir/", "gone"}}, changed(t, all))
		require.Equal(t, "ours\n2\n3\n4\n5\n6\ntheirs\n", merged(t, all), "lines are merged")
		require.Equal(t, e.tree(t, base), e.tree(t, all.Before()))

		_, err := ours.WithChangeset(theirs, dagger.ChangesetWithChangesetOpts{OnConflict: dagger.ChangesetMergeConflictFailEarly}).Sync(t.Context())
		require.ErrorContains(t, err, "both change f:")
		same := ours.WithChangeset(ours)
		require.Equal(t, changed(t, ours), changed(t, same))
		require.Equal(t, changed(t, ours), changed(t, ours.WithChangeset(e.c.Changeset())))
	})
}

func TestMergeConflicts(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		base := e.treeOf(map[string]string{"f": "1\n2\n3\n"})
		with := func(content string) *dagger.Changeset { return base.WithNewFile("f", content).Changes(base) }
		without := base.WithoutFile("f").Changes(base)
		empty := e.c.Directory()
		adds := func(content string) *dagger.Changeset { return empty.WithNewFile("f", content).Changes(empty) }
		for name, c := range map[string]struct {
			ours, theirs                    *dagger.Changeset
			markers, preferOurs, preferThem string
		}{
			"both modified":   {with("1\nours\n3\n"), with("1\ntheirs\n3\n"), "1\n<<<<<<< ours\nours\n=======\ntheirs\n>>>>>>> theirs\n3\n", "1\nours\n3\n", "1\ntheirs\n3\n"},
			"theirs removed":  {with("changed\n"), without, "changed\n", "changed\n", "none"},
			"ours removed":    {without, with("changed\n"), "changed\n", "none", "changed\n"},
			"both added":      {adds("a\n"), adds("b\n"), "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n", "a\n", "b\n"},
			"binary":          {with("\x00a"), with("\x00b"), "", "\x00a", "\x00b"},
			"file and folder": {adds("a"), empty.WithNewFile("f/x", "").Changes(empty), "", "", ""},
		} {
			_, err := c.ours.WithChangeset(c.theirs).Sync(t.Context())
			require.ErrorContains(t, err, "both change f:", name)
			for onConflict, want := range map[dagger.ChangesetMergeConflict]string{
				dagger.ChangesetMergeConflictLeaveConflictMarkers: c.markers,
				dagger.ChangesetMergeConflictPreferOurs:           c.preferOurs,
				dagger.ChangesetMergeConflictPreferTheirs:         c.preferThem,
			} {
				all := c.ours.WithChangeset(c.theirs, dagger.ChangesetWithChangesetOpts{OnConflict: onConflict})
				if want == "" {
					_, err := all.Sync(t.Context())
					require.ErrorContains(t, err, "both change f:", "%s %s", name, onConflict)
					continue
				}
				require.Equal(t, want, merged(t, all), "%s %s", name, onConflict)
			}
		}
		same := adds("same\n").WithChangeset(adds("same\n"))
		require.Equal(t, "same\n", merged(t, same), "what both do alike is no conflict")
	})
}

func TestWithChangesets(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		base := e.treeOf(map[string]string{"f": "1\n2\n3\n4\n5\n6\n7\n"})
		one := base.WithNewFile("one", "").WithNewFile("f", "one\n2\n3\n4\n5\n6\n7\n").Changes(base)
		two := base.WithNewFile("two", "").WithNewFile("f", "1\n2\n3\ntwo\n5\n6\n7\n").Changes(base)
		three := base.WithNewFile("three", "").WithNewFile("f", "1\n2\n3\n4\n5\n6\nthree\n").Changes(base)
		all := one.WithChangesets([]*dagger.Changeset{two, e.c.Changeset(), three})
		require.Equal(t, [3][]string{{"one", "three", "two"}, {"f"}, {}}, changed(t, all))
		require.Equal(t, "one\n2\n3\ntwo\n5\n6\nthree\n", merged(t, all))
		require.Equal(t, changed(t, one), changed(t, one.WithChangesets(nil)))

		_, err := one.WithChangesets([]*dagger.Changeset{two}, dagger.ChangesetWithChangesetsOpts{OnConflict: dagger.ChangesetsMergeConflictFailEarly}).Sync(t.Context())
		require.ErrorContains(t, err, "both change f:")
		other := base.WithNewFile("f", "other\n2\n3\n4\n5\n6\n7\n").Changes(base)
		_, err = one.WithChangesets([]*dagger.Changeset{two, other}).Sync(t.Context())
		require.ErrorContains(t, err, "both change f:")
	})
}
