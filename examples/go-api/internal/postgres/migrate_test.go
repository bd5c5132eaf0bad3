package postgres

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres/pgtest"
)

var quiet = slog.New(slog.DiscardHandler)

func versions(t *testing.T, pool *pgxpool.Pool) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT name FROM schema_versions ORDER BY version`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func TestMigrateIsIdempotent(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, pgtest.New(t))
	for range 2 {
		require.NoError(t, Migrate(t.Context(), pool, quiet))
		require.Equal(t, []string{"0001_links.sql", "0002_hits.sql"}, versions(t, pool))
	}
}

func TestMigrateKeepsData(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, pgtest.New(t))
	list, err := readMigrations(sqlFiles, "migrations")
	require.NoError(t, err)
	require.NoError(t, migrate(t.Context(), pool, list[:1], quiet))
	_, err = pool.Exec(t.Context(), `INSERT INTO links (slug, url, status) VALUES ('old', 'https://go.dev/', 200)`)
	require.NoError(t, err)

	require.NoError(t, migrate(t.Context(), pool, list, quiet))
	old, err := NewLinks(pool).Get(t.Context(), "old")
	require.NoError(t, err)
	require.Zero(t, old.Hits)
	require.True(t, old.LastHitAt.IsZero())
}

func TestMigrateTakesTurns(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	errs := make(chan error, 6)
	for range cap(errs) {
		pool := pgtest.Pool(t, url)
		go func() { errs <- Migrate(t.Context(), pool, quiet) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	require.Len(t, versions(t, pgtest.Pool(t, url)), 2)
}

func TestMigrateWaitsForTheLock(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, pgtest.New(t))
	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), takeLock)
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = Migrate(ctx, pool, quiet)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "waiting for the migration lock")

	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, Migrate(t.Context(), pool, quiet))
}

func TestMigrateIsAllOrNothing(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, pgtest.New(t))
	list := []migration{
		{1, "0001_good.sql", "CREATE TABLE good (); CREATE TABLE better ();"},
		{2, "0002_bad.sql", "CREATE TABLE bad (); SELECT nonsense;"},
	}
	err := migrate(t.Context(), pool, list, quiet)
	require.ErrorContains(t, err, "migrating the database: applying migration 0002_bad.sql")
	var refusal *pgconn.PgError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "42703", refusal.Code)

	var tables int
	require.NoError(t, pool.QueryRow(t.Context(),
		`SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()`).Scan(&tables))
	require.Zero(t, tables)

	require.NoError(t, migrate(t.Context(), pool, list[:1], quiet))
	require.Equal(t, []string{"0001_good.sql"}, versions(t, pool))
}

func TestMigrateRefusesForeignHistory(t *testing.T) {
	t.Parallel()
	pool := pgtest.Pool(t, pgtest.New(t))
	list := []migration{{1, "0001_a.sql", "CREATE TABLE a ()"}, {2, "0002_b.sql", "CREATE TABLE b ()"}}
	require.NoError(t, migrate(t.Context(), pool, list, quiet))

	var newer *NewerSchemaError
	require.ErrorAs(t, migrate(t.Context(), pool, list[:1], quiet), &newer)
	require.Equal(t, NewerSchemaError{Database: 2, Build: 1}, *newer)

	list[0].SQL += " -- edited"
	var edited *EditedError
	require.ErrorAs(t, migrate(t.Context(), pool, list, quiet), &edited)
	require.Equal(t, "0001_a.sql", edited.Name)
}
