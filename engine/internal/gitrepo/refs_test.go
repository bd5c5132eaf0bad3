package gitrepo_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/gitrepo"
)

func TestParseURL(t *testing.T) {
	for raw, want := range map[string][4]string{ // whole, public, ref, subdir
		"https://github.com/a/b":             {"https://github.com/a/b", "https://github.com/a/b", "", ""},
		"https://me:pw@host/a#v1":            {"https://me:pw@host/a", "https://host/a", "v1", ""},
		"HTTPS://host/a?x=y#main:sub/../dir": {"https://host/a", "https://host/a", "main", "dir"},
		"git@host.com:a/b.git#:sub":          {"ssh://git@host.com/a/b.git", "ssh://git@host.com/a/b.git", "", "sub"},
		"me@host:~/b":                        {"ssh://me@host/~/b", "ssh://me@host/~/b", "", ""},
		"ssh://host:2222/a":                  {"ssh://git@host:2222/a", "ssh://git@host:2222/a", "", ""},
		"git://host/a":                       {"git://host/a", "git://host/a", "", ""},
		"file:///a/b#x:../../y":              {"file:///a/b", "file:///a/b", "x", "y"},
	} {
		u, err := gitrepo.ParseURL(raw)
		require.NoError(t, err, raw)
		require.Equal(t, want, [4]string{u.String(), u.Public(), u.Ref, u.Subdir}, raw)
	}
	for _, raw := range []string{"github.com/a/b", "/a/b", "./a", "", "C:\\x"} {
		_, err := gitrepo.ParseURL(raw)
		require.ErrorIs(t, err, gitrepo.ErrNoTransport, raw)
	}
	for _, raw := range []string{"ftp://host/a", "https://host", "https:///a", "file://other/a", "ext::sh -c id", "https://me:planted@host:x/a"} {
		_, err := gitrepo.ParseURL(raw)
		require.Error(t, err, raw)
		require.NotContains(t, err.Error(), "planted")
	}
}

func TestListing(t *testing.T) {
	one, two, three := "1111111111111111111111111111111111111111", "2222222222222222222222222222222222222222", "3333333333333333333333333333333333333333"
	l := &gitrepo.Listing{
		Refs: map[string]string{
			"HEAD": one, "refs/heads/main": one, "refs/heads/v1": two, "refs/tags/v1": three, "refs/tags/v1.2.3": two, "refs/tags/v1.10.0": one,
			"refs/tags/not-a-version": one, "refs/pull/7/head": three, "refs/heads/feature/x": three,
		},
		Peeled:   map[string]string{"refs/tags/v1.2.3": three},
		Symbolic: map[string]string{"HEAD": "refs/heads/main"},
	}
	for name, want := range map[string]gitrepo.Ref{
		"HEAD":             {Name: "refs/heads/main", Commit: one},
		"main":             {Name: "refs/heads/main", Commit: one},
		"v1":               {Name: "refs/heads/v1", Commit: two}, // as git checkout prefers it
		"tags/v1":          {Name: "refs/tags/v1", Commit: three},
		"v1.2.3":           {Name: "refs/tags/v1.2.3", Commit: three},
		"pull/7/head":      {Name: "refs/pull/7/head", Commit: three},
		"refs/pull/7/head": {Name: "refs/pull/7/head", Commit: three},
		two:                {Commit: two},
	} {
		got, ok := l.Lookup(name)
		require.True(t, ok, name)
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "none", "refs/heads/none", "1111111"} {
		_, ok := l.Lookup(name)
		require.False(t, ok, name)
	}
	latest, ok := l.LatestVersion()
	require.True(t, ok)
	require.Equal(t, "refs/tags/v1.10.0", latest.Name)
	for pattern, want := range map[string][]string{
		"v1":              {"v1"},
		"v1*":             {"v1", "v1.10.0", "v1.2.3"},
		"refs/tags/v*":    {"v1", "v1.10.0", "v1.2.3"},
		"v1.[0-9].?":      {"v1.2.3"},
		"v1.[!2]*":        {"v1.10.0"},
		"v1.[[:digit:]]*": {"v1.10.0", "v1.2.3"},
		"*version":        {"not-a-version"},
		"ot-a-version":    {},
		"refs/heads/*":    {},
		`v1\*`:            {},
	} {
		got, err := l.Tags([]string{pattern})
		require.NoError(t, err, pattern)
		require.Equal(t, want, got, pattern)
	}
	branches, err := l.Branches([]string{"x", "main"})
	require.NoError(t, err)
	require.Equal(t, []string{"feature/x", "main"}, branches)
	_, err = l.Branches([]string{"[a"})
	require.ErrorContains(t, err, "invalid pattern")
}

// Patterns and addresses come from pipelines, and from .gitmodules of others.
func FuzzPatterns(f *testing.F) {
	for _, seed := range []string{"v1*", "[!a-z]?", "[[:alpha:]]", "[", `\`, "a]b", "[]]", "[^]"} {
		f.Add(seed)
	}
	l := &gitrepo.Listing{Refs: map[string]string{"refs/tags/v1": "1", "refs/heads/main": "2"}}
	f.Fuzz(func(t *testing.T, pattern string) {
		found, err := l.Tags([]string{pattern})
		if err == nil && len(found) > 0 {
			require.Equal(t, []string{"v1"}, found)
		}
	})
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"https://a:b@host/c#d:e", "git@host:a", "ssh://[::1]:22/a", "file:///a", "//", "https://%zz/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := gitrepo.ParseURL(raw)
		if err != nil {
			return
		}
		again, err := gitrepo.ParseURL(u.Public())
		require.NoError(t, err, u.Public())
		require.Equal(t, u.Public(), again.Public())
	})
}
