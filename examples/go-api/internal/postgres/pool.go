// Package postgres keeps links in a PostgreSQL database. Open connects and
// brings the schema up to date; NewLinks is the links.Store on what Open
// returned.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// retryPause is the time between two attempts to reach a database that is not
// there yet.
const retryPause = 250 * time.Millisecond

// Open connects to the database that config names and runs the migrations. A
// database that does not answer, or is starting up, is tried again until ctx
// ends; one that refuses (a wrong password, an unknown database) fails at
// once. The caller closes the pool.
func Open(ctx context.Context, config *pgxpool.Config, log *slog.Logger) (*pgxpool.Pool, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("setting up the database pool: %w", err)
	}
	if err := await(ctx, pool, log); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connecting to the database: %w", err)
	}
	if err := Migrate(ctx, pool, log); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// await pings until the database answers.
func await(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	var last error
	for attempt := 1; ; attempt++ {
		err := pool.Ping(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), last)
		}
		if !passes(err) {
			return err
		}
		last = err
		if attempt == 1 {
			log.Info("waiting for the database", "err", err)
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), last)
		case <-time.After(retryPause):
		}
	}
}

// passes tells whether an error of connecting may go away by waiting.
func passes(err error) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return true // nobody answered
	}
	switch refusal.Code {
	case "57P03", "53300": // cannot_connect_now (starting up), too_many_connections
		return true
	}
	return false
}
