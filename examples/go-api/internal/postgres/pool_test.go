package postgres

import (
	"context"
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres/pgtest"
)

func TestOpenConnectsAndMigrates(t *testing.T) {
	t.Parallel()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	pool, err := Open(t.Context(), config, quiet)
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, NewLinks(pool).Ping(t.Context()))
	require.Len(t, versions(t, pool), 2)
}

func TestOpenFailsAtOnceWhenRefused(t *testing.T) {
	t.Parallel()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	config.ConnConfig.Database = "no_such_database"
	_, err = Open(t.Context(), config, quiet)
	var refusal *pgconn.PgError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "3D000", refusal.Code)
	require.ErrorContains(t, err, "connecting to the database")
}

// deadConfig names a database at an address where nothing listens.
func deadConfig(t *testing.T) *pgxpool.Config {
	t.Helper()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := nobody.Addr().String()
	require.NoError(t, nobody.Close())
	config, err := pgxpool.ParseConfig("postgres://api@" + addr + "/api?sslmode=disable")
	require.NoError(t, err)
	return config
}

func TestLinksOutOfReach(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.NewWithConfig(t.Context(), deadConfig(t))
	require.NoError(t, err)
	defer pool.Close()
	store := NewLinks(pool)
	_, err = store.Get(t.Context(), "go")
	require.ErrorIs(t, err, links.ErrUnavailable)
	require.ErrorContains(t, err, "connection refused")
	_, err = store.Insert(t.Context(), links.NewLink{Slug: "go", URL: "https://go.dev/"})
	require.ErrorIs(t, err, links.ErrUnavailable)
	require.ErrorIs(t, store.Ping(t.Context()), links.ErrUnavailable)
}

func TestOpenWaitsUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 3*retryPause)
	defer cancel()
	_, err := Open(ctx, deadConfig(t), quiet)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "connection refused", "what was wrong all along is told as well")
}
