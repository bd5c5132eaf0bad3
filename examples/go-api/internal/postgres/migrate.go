package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
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

// The lock goes with the transaction, however that ends. The first half of its
// key is this program's ("goap" as a number); the other is the schema's, so
// that schemas of one database do not wait for each other.
const takeLock = `SELECT pg_advisory_xact_lock(x'676f6170'::integer, hashtext(current_schema()))`

const versionsTable = `
CREATE TABLE IF NOT EXISTS schema_versions (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)`

func migrate(ctx context.Context, pool *pgxpool.Pool, list []migration, log *slog.Logger) error {
	var fresh []migration
	err := inTransaction(ctx, pool, func(conn *pgconn.PgConn) error {
		if err := execScript(ctx, conn, takeLock); err != nil {
			return fmt.Errorf("waiting for the migration lock: %w", err)
		}
		if err := execScript(ctx, conn, versionsTable); err != nil {
			return fmt.Errorf("creating the table of schema versions: %w", err)
		}
		var err error
		if fresh, err = pending(ctx, conn, list); err != nil {
			return err
		}
		for _, m := range fresh {
			if err := apply(ctx, conn, m); err != nil {
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
func pending(ctx context.Context, conn *pgconn.PgConn, list []migration) ([]migration, error) {
	applied, err := execParams(ctx, conn, `SELECT checksum FROM schema_versions ORDER BY version`)
	if err != nil {
		return nil, fmt.Errorf("reading the schema version: %w", err)
	}
	if len(applied.Rows) > len(list) {
		return nil, &NewerSchemaError{Database: len(applied.Rows), Build: len(list)}
	}
	for i, row := range applied.Rows {
		if list[i].checksum() != string(row[0]) {
			return nil, &EditedError{list[i].Name}
		}
	}
	return list[len(applied.Rows):], nil
}

func apply(ctx context.Context, conn *pgconn.PgConn, m migration) error {
	if err := execScript(ctx, conn, m.SQL); err != nil {
		return err
	}
	_, err := execParams(ctx, conn, `INSERT INTO schema_versions (version, name, checksum) VALUES ($1, $2, $3)`,
		strconv.Itoa(m.Version), m.Name, m.checksum())
	return err
}
