package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// Links implements links.Store.
type Links struct{ pool *pgxpool.Pool }

// NewLinks returns the store in a database that Open or Migrate prepared.
func NewLinks(pool *pgxpool.Pool) *Links { return &Links{pool} }

const columns = `id, slug, url, title, status, hits, created_at, last_hit_at`

func scan(row pgx.CollectableRow) (links.Link, error) {
	var l links.Link
	var lastHit *time.Time
	err := row.Scan(&l.ID, &l.Slug, &l.URL, &l.Title, &l.Status, &l.Hits, &l.CreatedAt, &lastHit)
	l.CreatedAt = l.CreatedAt.UTC()
	if lastHit != nil {
		l.LastHitAt = lastHit.UTC()
	}
	return l, err
}

// one runs a query that returns at most one link.
func (s *Links) one(ctx context.Context, sql string, args ...any) (links.Link, error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return links.Link{}, err
	}
	l, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return links.Link{}, links.ErrNotFound
	}
	return l, err
}

// Insert implements links.Store.
func (s *Links) Insert(ctx context.Context, l links.NewLink) (links.Link, error) {
	made, err := s.one(ctx, `INSERT INTO links (slug, url, title, status) VALUES ($1, $2, $3, $4) RETURNING `+columns,
		l.Slug, l.URL, l.Title, l.Status)
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) && refusal.ConstraintName == "links_slug_key" {
		return links.Link{}, &links.SlugTakenError{Slug: l.Slug}
	}
	if err != nil {
		return links.Link{}, fmt.Errorf("inserting a link: %w", err)
	}
	return made, nil
}

// Get implements links.Store.
func (s *Links) Get(ctx context.Context, slug string) (links.Link, error) {
	l, err := s.one(ctx, `SELECT `+columns+` FROM links WHERE slug = $1`, slug)
	if err != nil {
		return links.Link{}, fmt.Errorf("getting a link: %w", err)
	}
	return l, nil
}

// List implements links.Store.
func (s *Links) List(ctx context.Context, before int64, limit int) ([]links.Link, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT `+columns+` FROM links WHERE $1::bigint = 0 OR id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("listing links: %w", err)
	}
	page, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("listing links: %w", err)
	}
	return page, nil
}

// Delete implements links.Store.
func (s *Links) Delete(ctx context.Context, slug string) error {
	done, err := s.pool.Exec(ctx, `DELETE FROM links WHERE slug = $1`, slug)
	if err != nil {
		return fmt.Errorf("deleting a link: %w", err)
	}
	if done.RowsAffected() == 0 {
		return links.ErrNotFound
	}
	return nil
}

// Follow implements links.Store.
func (s *Links) Follow(ctx context.Context, slug string) (string, error) {
	l, err := s.one(ctx,
		`UPDATE links SET hits = hits + 1, last_hit_at = now() WHERE slug = $1 RETURNING `+columns, slug)
	if err != nil {
		return "", fmt.Errorf("following a link: %w", err)
	}
	return l.URL, nil
}

// Ping implements links.Store.
func (s *Links) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("asking the database: %w", err)
	}
	return nil
}
