// Package pgtest gives each test a schema of its own in a real database: New.
package pgtest

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// New creates an empty schema in the database that $DATABASE_URL names, drops
// it when the test ends, and returns a URL whose connections see only it. The
// user needs the right to create schemas. Tests that call New may run in
// parallel. It skips the test where DATABASE_URL is not set.
func New(t *testing.T) (url string) {
	t.Helper()
	server := os.Getenv("DATABASE_URL")
	if server == "" {
		t.Skip("DATABASE_URL is not set: this test needs a PostgreSQL database, such as postgres://user:password@host:5432/name")
	}
	schema := "test_" + strings.ToLower(rand.Text())
	exec(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { exec(t, server, "DROP SCHEMA "+schema+" CASCADE") })
	return with(server, "search_path", schema)
}

// Pool returns a pool of at most 4 connections to url, closed with the test.
func Pool(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.MaxConns = 4
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func exec(t *testing.T, server, sql string) {
	t.Helper()
	ctx := context.Background() // the test's own has ended when it cleans up
	conn, err := pgx.Connect(ctx, server)
	require.NoError(t, err, "connecting to DATABASE_URL")
	_, err = conn.Exec(ctx, sql)
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
}

// with adds a parameter to a connection string of either form: a URL or a list
// of key=value pairs.
func with(server, key, value string) string {
	base := strings.TrimSpace(server)
	switch {
	case !strings.Contains(base, "://"):
		return base + " " + key + "=" + value
	case strings.Contains(base, "?"):
		return base + "&" + key + "=" + value
	default:
		return base + "?" + key + "=" + value
	}
}
