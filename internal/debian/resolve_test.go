package debian_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

func TestResolveFollowsDependencies(t *testing.T) {
	a := debiantest.New(t, "trixie",
		pkg("base", "1", "Essential", "yes"),
		pkg("app", "1.0", "Depends", "lib (>= 2), mail-agent, old | new (>= 3)", "Pre-Depends", "early", "Recommends", "extra"),
		pkg("lib", "2.1-1", "Depends", "app"),
		pkg("early", "1"),
		pkg("extra", "1"),
		pkg("new", "3.1"),
		pkg("heavy-mailer", "1", "Provides", "mail-agent", "Priority", "optional"),
		pkg("mailer", "1", "Provides", "mail-agent", "Priority", "standard"),
	)
	s := source(t, a)
	require.Equal(t, []string{"app", "early", "lib", "mailer", "new"}, names(resolve(t, s, debian.ResolveOptions{}, "app")))
	require.Equal(t, []string{"app", "base", "early", "lib", "mailer", "new"},
		names(resolve(t, s, debian.ResolveOptions{Essential: true}, "app")))
	require.Equal(t, []string{"app", "early", "lib"},
		names(resolve(t, s, debian.ResolveOptions{Without: []string{"old", "mail-agent"}}, "app")))
	require.Equal(t, []string{"app"}, names(resolve(t, s, debian.ResolveOptions{NoDepends: true}, "app")))
	require.Equal(t, []string{"app", "early", "heavy-mailer", "lib", "new"},
		names(resolve(t, s, debian.ResolveOptions{}, "app", "heavy-mailer")), "a requested package is used before a preferred one")
}

func TestResolveTakesTheHighestVersionOfAllSuites(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("tool", "1:1.0~rc1-2"), pkg("user", "1", "Depends", "tool (>> 1:1.0~rc2), virtual (= 4)"))
	a.Publish("trixie-updates", pkg("tool", "2.0"))
	a.Publish("trixie-security", pkg("tool", "1:1.0-1"), pkg("provider", "1", "Provides", "virtual (= 4)"))
	s := source(t, a)
	s.Archives = []debian.Archive{
		{Mirror: a.URL, Suite: "trixie"},
		{Mirror: a.URL, Suite: "trixie-updates"},
		{Mirror: a.URL, Suite: "trixie-security"},
		{Mirror: a.URL, Suite: "trixie-nothing", Optional: true},
	}
	l := resolve(t, s, debian.ResolveOptions{}, "user")
	require.Equal(t, []string{"provider", "tool", "user"}, names(l))
	require.Equal(t, "1:1.0-1", l.Package("tool").Version)
	require.True(t, l.Package("tool").Security)
	require.False(t, l.Package("user").Security)

	l = resolve(t, s, debian.ResolveOptions{}, "tool=2.0")
	require.Equal(t, "2.0", l.Package("tool").Version)

	s.Archives[3].Optional = false
	_, err := s.Resolve(t.Context(), []string{"tool"}, debian.ResolveOptions{})
	require.ErrorContains(t, err, "suite trixie-nothing: the mirror has no such suite")
}

func TestResolveNamesWhatIsMissing(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1", "Depends", "lib (>= 2) | other"), pkg("lib", "1"))
	s := source(t, a)
	var missing *debian.NotFoundError

	_, err := s.Resolve(t.Context(), []string{"no-such-thing"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, &missing)
	require.EqualError(t, err, "package no-such-thing is not in trixie")

	_, err = s.Resolve(t.Context(), []string{"app"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, &missing)
	require.Equal(t, "app", missing.RequiredBy)
	require.EqualError(t, err, "package lib (>= 2) | other, needed by app, is not in trixie")

	_, err = s.Resolve(t.Context(), []string{"lib=9"}, debian.ResolveOptions{})
	require.ErrorAs(t, err, &missing)
	require.Equal(t, "lib=9", missing.Package)
}

func TestResolveRefusesConflicts(t *testing.T) {
	a := debiantest.New(t, "trixie",
		pkg("one", "1", "Conflicts", "agent", "Provides", "agent"),
		pkg("two", "1", "Provides", "agent"),
		pkg("three", "1", "Breaks", "four (<< 2)"),
		pkg("four", "2"),
	)
	s := source(t, a)
	_, err := s.Resolve(t.Context(), []string{"one", "two"}, debian.ResolveOptions{})
	var conflict *debian.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, "two", conflict.With)
	resolve(t, s, debian.ResolveOptions{}, "three", "four")
}

func TestResolveUsesTheCachedIndex(t *testing.T) {
	a := debiantest.New(t, "trixie", pkg("app", "1"))
	s := source(t, a)
	first := resolve(t, s, debian.ResolveOptions{}, "app")
	a.Remove("dists/trixie/main/binary-amd64/Packages.gz")
	require.Equal(t, first, resolve(t, s, debian.ResolveOptions{}, "app"))

	a.Publish("trixie", pkg("app", "2"))
	require.Equal(t, "2", resolve(t, s, debian.ResolveOptions{}, "app").Package("app").Version)
}
