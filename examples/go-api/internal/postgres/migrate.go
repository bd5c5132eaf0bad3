package postgres

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// NewerSchemaError says that a newer build has migrated the database already.
type NewerSchemaError struct{ Database, Build int } // versions

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("the database is at schema version %d, but this build knows versions up to %d: run a newer build",
		e.Database, e.Build)
}

// EditedError says that a migration changed after it was applied.
type EditedError struct{ Name string }

func (e *EditedError) Error() string {
	return fmt.Sprintf("migration %s was edited after the database applied it: undo the edit and add a new migration", e.Name)
}

// Migrate applies the migrations that the database lacks, all of them or none,
// in the first schema of the search path. Processes that start together take
// turns. It errs with *NewerSchemaError, *EditedError or what PostgreSQL says.
func Migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	list, err := readMigrations(sqlFiles, "migrations")
	if err != nil {
		return err
	}
	return migrate(ctx, pool, list, log)
}

// lockKey is this program's part of the advisory lock's key; the other part
// is the schema, so that schemas of one database do not wait for each other.
const lockKey = 0x676f6170 // "goap"

const versionsTable = `
CREATE TABLE IF NOT EXISTS schema_versions (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)`

func migrate(ctx context.Context, pool *pgxpool.Pool, list []migration, log *slog.Logger) error {
	var fresh []migration
	err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		// The lock goes with the transaction, however that ends.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext(current_schema()))`, lockKey); err != nil {
			return fmt.Errorf("waiting for the migration lock: %w", err)
		}
		if _, err := tx.Exec(ctx, versionsTable); err != nil {
			return fmt.Errorf("creating the table of schema versions: %w", err)
		}
		var err error
		if fresh, err = pending(ctx, tx, list); err != nil {
			return err
		}
		for _, m := range fresh {
			if err := apply(ctx, tx, m); err != nil {
				return fmt.Errorf("applying migration %s: %w", m.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	for _, m := range fresh {
		log.Info("migration applied", "version", m.Version, "name", m.Name)
	}
	return nil
}

// pending returns the part of list that the database lacks, after checking
// that what it has is the beginning of list.
func pending(ctx context.Context, tx pgx.Tx, list []migration) ([]migration, error) {
	rows, err := tx.Query(ctx, `SELECT checksum FROM schema_versions ORDER BY version`)
	if err != nil {
		return nil, fmt.Errorf("reading the schema version: %w", err)
	}
	applied, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading the schema version: %w", err)
	}
	if len(applied) > len(list) {
		return nil, &NewerSchemaError{Database: len(applied), Build: len(list)}
	}
	for i, sum := range applied {
		if list[i].checksum() != sum {
			return nil, &EditedError{list[i].Name}
		}
	}
	return list[len(applied):], nil
}

func apply(ctx context.Context, tx pgx.Tx, m migration) error {
	if _, err := tx.Exec(ctx, m.SQL); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO schema_versions (version, name, checksum) VALUES ($1, $2, $3)`,
		m.Version, m.Name, m.checksum())
	return err
}
