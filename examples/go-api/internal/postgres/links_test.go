package postgres_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links/linkstest"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres/pgtest"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	linkstest.RunStore(t, func(t *testing.T) links.Store {
		pool := pgtest.Pool(t, pgtest.New(t))
		require.NoError(t, postgres.Migrate(t.Context(), pool, slog.New(slog.DiscardHandler)))
		return postgres.NewLinks(pool)
	})
}

func TestLinksOutliveTheirPool(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	first := pgtest.Pool(t, url)
	require.NoError(t, postgres.Migrate(t.Context(), first, slog.New(slog.DiscardHandler)))
	made, err := postgres.NewLinks(first).Insert(t.Context(), links.NewLink{Slug: "go", URL: "https://go.dev/", Status: 200})
	require.NoError(t, err)
	first.Close()

	second := pgtest.Pool(t, url)
	require.NoError(t, postgres.Migrate(t.Context(), second, slog.New(slog.DiscardHandler)))
	got, err := postgres.NewLinks(second).Get(t.Context(), "go")
	require.NoError(t, err)
	require.Equal(t, made, got)

	require.Error(t, postgres.NewLinks(first).Ping(t.Context()), "a closed pool answers nothing")
}
