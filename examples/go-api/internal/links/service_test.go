package links

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

type fakeWeb struct {
	page Page
	err  error
	seen []string
}

func (f *fakeWeb) Check(_ context.Context, url string) (Page, error) {
	f.seen = append(f.seen, url)
	return f.page, f.err
}

func TestCreateKeepsWhatTheCheckFound(t *testing.T) {
	t.Parallel()
	web := &fakeWeb{page: Page{Status: 403, Title: "Members only"}}
	s := &Service{Store: new(Memory), Checker: web}
	made, err := s.Create(t.Context(), "HTTPS://go.dev/a b", "go")
	require.NoError(t, err)
	require.Equal(t, []string{"https://go.dev/a%20b"}, web.seen)
	require.Equal(t, "go", made.Slug)
	require.Equal(t, "https://go.dev/a%20b", made.URL)
	require.Equal(t, "Members only", made.Title)
	require.Equal(t, 403, made.Status)
}

func TestCreateRefusesBeforeAskingTheWeb(t *testing.T) {
	t.Parallel()
	for _, in := range []struct{ url, slug, field string }{
		{"ftp://go.dev", "", "url"},
		{"https://go.dev", "not a slug", "slug"},
	} {
		web := new(fakeWeb)
		_, err := (&Service{Store: new(Memory), Checker: web}).Create(t.Context(), in.url, in.slug)
		var invalid *InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, in.field, invalid.Field)
		require.Empty(t, web.seen)
	}
}

func TestCreateRefusesDeadLinks(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection refused")
	for _, web := range []*fakeWeb{
		{page: Page{Status: 404}},
		{page: Page{Status: 410}},
		{err: &UnreachableError{Reason: "does not answer", Err: cause}},
	} {
		store := new(Memory)
		_, err := (&Service{Store: store, Checker: web}).Create(t.Context(), "https://go.dev/", "")
		var dead *UnreachableError
		require.ErrorAs(t, err, &dead)
		require.Contains(t, err.Error(), "url "+dead.Reason)
		all, err := store.List(t.Context(), 0, 1)
		require.NoError(t, err)
		require.Empty(t, all)
	}
}

func TestCreateTriesAnotherRandomSlug(t *testing.T) {
	t.Parallel()
	slugs := []string{"one", "one", "two"}
	s := &Service{Store: new(Memory), Checker: &fakeWeb{page: Page{Status: 200}}}
	s.randomSlug = func() (slug string) {
		slug, slugs = slugs[0], slugs[1:]
		return slug
	}
	for _, want := range []string{"one", "two"} {
		made, err := s.Create(t.Context(), "https://go.dev/", "")
		require.NoError(t, err)
		require.Equal(t, want, made.Slug)
	}

	s.randomSlug = func() string { return "one" }
	_, err := s.Create(t.Context(), "https://go.dev/", "")
	require.EqualError(t, err, "finding a free slug: 5 random ones were taken")

	_, err = s.Create(t.Context(), "https://go.dev/", "two")
	var taken *SlugTakenError
	require.ErrorAs(t, err, &taken, "a slug that was asked for is not replaced")
}

func TestRandomSlug(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		slug := RandomSlug()
		require.Regexp(t, "^[a-z2-7]{8}$", slug)
		require.True(t, ValidSlug(slug))
		seen[slug] = true
	}
	require.Len(t, seen, 1000)
}
