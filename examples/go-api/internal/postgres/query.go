package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// Statements run at the level of pgconn, as text, and rows come back as JSON.
// A single call of pgxpool's Exec or Query would link the codecs of every type
// that PostgreSQL has: 2.1 MB on top of 9.3 MB, for the handful used here.

// query runs one statement with the parameters $1, $2… and decodes its rows,
// each one column of JSON, into a T apiece. The error is a *pgconn.PgError
// where PostgreSQL refused, links.ErrUnavailable where it could not be reached.
func query[T any](ctx context.Context, pool *pgxpool.Pool, sql string, args ...string) ([]T, error) {
	var out []T
	err := pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		result, err := execParams(ctx, c.Conn().PgConn(), sql, args...)
		if err != nil {
			return err
		}
		out = make([]T, len(result.Rows))
		for i, row := range result.Rows {
			if err := json.Unmarshal(row[0], &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, reachable(err)
}

// reachable marks an error of connecting as links.ErrUnavailable.
func reachable(err error) error {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return fmt.Errorf("%w: %w", links.ErrUnavailable, err)
	}
	return err
}

func execParams(ctx context.Context, conn *pgconn.PgConn, sql string, args ...string) (*pgconn.Result, error) {
	params := make([][]byte, len(args))
	for i, arg := range args {
		params[i] = []byte(arg)
	}
	result := conn.ExecParams(ctx, sql, params, nil, nil, nil).Read()
	return result, result.Err
}

// inTransaction runs do between BEGIN and COMMIT. Where do errs, nothing it
// did remains.
func inTransaction(ctx context.Context, pool *pgxpool.Pool, do func(*pgconn.PgConn) error) error {
	return pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		conn := c.Conn().PgConn()
		if err := execScript(ctx, conn, "BEGIN"); err != nil {
			return err
		}
		if err := do(conn); err != nil {
			// Should this fail as well, the pool closes the connection
			// because a transaction is open on it.
			_ = execScript(ctx, conn, "ROLLBACK")
			return err
		}
		return execScript(ctx, conn, "COMMIT")
	})
}

// execScript runs statements without parameters, one after the other.
func execScript(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	_, err := conn.Exec(ctx, sql).ReadAll()
	return err
}
