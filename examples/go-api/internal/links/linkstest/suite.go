// Package linkstest holds the tests that every links.Store passes: RunStore.
package linkstest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// RunStore runs the suite. open returns an empty store and is called once per
// test, from tests that run in parallel.
func RunStore(t *testing.T, open func(t *testing.T) links.Store) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, links.Store){
		"InsertThenGet":   insertThenGet,
		"SlugIsUnique":    slugIsUnique,
		"SlugHasCase":     slugHasCase,
		"UnknownSlug":     unknownSlug,
		"ListPages":       listPages,
		"Delete":          remove,
		"FollowCounts":    followCounts,
		"OneWinsTheSlug":  oneWinsTheSlug,
		"EndedContext":    endedContext,
		"PingAnswers":     pingAnswers,
		"TextStaysIntact": textStaysIntact,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func insert(t *testing.T, s links.Store, slug string) links.Link {
	t.Helper()
	l, err := s.Insert(t.Context(), links.NewLink{Slug: slug, URL: "https://go.dev/" + slug, Title: "Go", Status: 200})
	require.NoError(t, err)
	return l
}

func insertThenGet(t *testing.T, s links.Store) {
	made := insert(t, s, "go")
	require.Positive(t, made.ID)
	require.WithinDuration(t, time.Now(), made.CreatedAt, time.Hour)
	require.Equal(t, time.UTC, made.CreatedAt.Location())
	require.True(t, made.LastHitAt.IsZero())

	got, err := s.Get(t.Context(), "go")
	require.NoError(t, err)
	require.Equal(t, made, got)
	require.Equal(t, "https://go.dev/go", got.URL)
	require.Equal(t, "Go", got.Title)
	require.Equal(t, 200, got.Status)
	require.Zero(t, got.Hits)
}

func slugIsUnique(t *testing.T, s links.Store) {
	first := insert(t, s, "go")
	_, err := s.Insert(t.Context(), links.NewLink{Slug: "go", URL: "https://example.com/", Status: 200})
	var taken *links.SlugTakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, "go", taken.Slug)

	got, err := s.Get(t.Context(), "go")
	require.NoError(t, err)
	require.Equal(t, first, got)
}

func slugHasCase(t *testing.T, s links.Store) {
	lower, upper := insert(t, s, "go"), insert(t, s, "Go")
	require.NotEqual(t, lower.ID, upper.ID)
}

func unknownSlug(t *testing.T, s links.Store) {
	insert(t, s, "go")
	_, err := s.Get(t.Context(), "rust")
	require.ErrorIs(t, err, links.ErrNotFound)
	_, err = s.Follow(t.Context(), "rust")
	require.ErrorIs(t, err, links.ErrNotFound)
	require.ErrorIs(t, s.Delete(t.Context(), "rust"), links.ErrNotFound)
}

func listPages(t *testing.T, s links.Store) {
	none, err := s.List(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	for i := range 5 {
		insert(t, s, fmt.Sprint("n", i))
	}
	var pages [][]string
	for before := int64(0); ; {
		page, err := s.List(t.Context(), before, 2)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		var slugs []string
		for _, l := range page {
			slugs = append(slugs, l.Slug)
		}
		pages, before = append(pages, slugs), page[len(page)-1].ID
	}
	require.Equal(t, [][]string{{"n4", "n3"}, {"n2", "n1"}, {"n0"}}, pages)
}

func remove(t *testing.T, s links.Store) {
	insert(t, s, "gone")
	kept := insert(t, s, "kept")
	require.NoError(t, s.Delete(t.Context(), "gone"))
	_, err := s.Get(t.Context(), "gone")
	require.ErrorIs(t, err, links.ErrNotFound)
	all, err := s.List(t.Context(), 0, 10)
	require.NoError(t, err)
	require.Equal(t, []links.Link{kept}, all)
	require.Greater(t, insert(t, s, "gone").ID, kept.ID, "an ID is never given twice")
}

func followCounts(t *testing.T, s links.Store) {
	insert(t, s, "go")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			url, err := s.Follow(t.Context(), "go")
			if err != nil || url != "https://go.dev/go" {
				t.Errorf("following: %q, %v", url, err)
			}
		})
	}
	all.Wait()
	got, err := s.Get(t.Context(), "go")
	require.NoError(t, err)
	require.EqualValues(t, 20, got.Hits)
	require.False(t, got.LastHitAt.Before(got.CreatedAt))
}

func oneWinsTheSlug(t *testing.T, s links.Store) {
	errs := make(chan error, 8)
	for i := range cap(errs) {
		go func() {
			_, err := s.Insert(t.Context(), links.NewLink{Slug: "go", URL: fmt.Sprint("https://go.dev/", i), Status: 200})
			errs <- err
		}()
	}
	won := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			won++
		} else {
			var taken *links.SlugTakenError
			require.ErrorAs(t, err, &taken)
		}
	}
	require.Equal(t, 1, won)
}

func endedContext(t *testing.T, s links.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Insert(ctx, links.NewLink{Slug: "go", URL: "https://go.dev/", Status: 200})
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Get(ctx, "go")
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.List(ctx, 0, 1)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Follow(ctx, "go")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.Delete(ctx, "go"), context.Canceled)
	require.ErrorIs(t, s.Ping(ctx), context.Canceled)
}

func pingAnswers(t *testing.T, s links.Store) { require.NoError(t, s.Ping(t.Context())) }

func textStaysIntact(t *testing.T, s links.Store) {
	title := `Ünïcode – "quotes", 'apostrophes'; DROP TABLE links; -- 日本語 🐘`
	_, err := s.Insert(t.Context(), links.NewLink{Slug: "text", URL: "https://go.dev/?q=%27", Title: title, Status: 200})
	require.NoError(t, err)
	got, err := s.Get(t.Context(), "text")
	require.NoError(t, err)
	require.Equal(t, title, got.Title)
	require.Equal(t, "https://go.dev/?q=%27", got.URL)
}
