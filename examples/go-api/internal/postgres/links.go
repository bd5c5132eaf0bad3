package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// Links implements links.Store.
type Links struct{ pool *pgxpool.Pool }

// NewLinks returns the store in a database that Open or Migrate prepared.
func NewLinks(pool *pgxpool.Pool) *Links { return &Links{pool} }

// row is a row of the table links, as row_to_json gives it.
type row struct {
	ID        int64     `json:"id"`
	Slug      string    `json:"slug"`
	URL       string    `json:"url"`
	Title     string    `json:"title"`
	Status    int       `json:"status"`
	Hits      int64     `json:"hits"`
	CreatedAt time.Time `json:"created_at"`
	LastHitAt time.Time `json:"last_hit_at"` // NULL leaves it zero
}

func (r row) link() links.Link {
	return links.Link{ID: r.ID, Slug: r.Slug, URL: r.URL, Title: r.Title, Status: r.Status, Hits: r.Hits,
		CreatedAt: r.CreatedAt.UTC(), LastHitAt: r.LastHitAt.UTC()}
}

// one runs a statement that returns one row, or none: links.ErrNotFound.
func (s *Links) one(ctx context.Context, sql string, args ...string) (links.Link, error) {
	rows, err := query[row](ctx, s.pool, sql, args...)
	if err != nil {
		return links.Link{}, err
	}
	if len(rows) == 0 {
		return links.Link{}, links.ErrNotFound
	}
	return rows[0].link(), nil
}

// Insert implements links.Store.
func (s *Links) Insert(ctx context.Context, l links.NewLink) (links.Link, error) {
	made, err := s.one(ctx,
		`INSERT INTO links (slug, url, title, status) VALUES ($1, $2, $3, $4) RETURNING row_to_json(links)`,
		l.Slug, l.URL, l.Title, strconv.Itoa(l.Status))
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
	l, err := s.one(ctx, `SELECT row_to_json(links) FROM links WHERE slug = $1`, slug)
	if err != nil {
		return links.Link{}, fmt.Errorf("getting a link: %w", err)
	}
	return l, nil
}

// List implements links.Store.
func (s *Links) List(ctx context.Context, before int64, limit int) ([]links.Link, error) {
	rows, err := query[row](ctx, s.pool,
		`SELECT row_to_json(links) FROM links WHERE $1::bigint = 0 OR id < $1::bigint ORDER BY id DESC LIMIT $2`,
		strconv.FormatInt(before, 10), strconv.Itoa(limit))
	if err != nil {
		return nil, fmt.Errorf("listing links: %w", err)
	}
	page := make([]links.Link, len(rows))
	for i, r := range rows {
		page[i] = r.link()
	}
	return page, nil
}

// Delete implements links.Store.
func (s *Links) Delete(ctx context.Context, slug string) error {
	if _, err := s.one(ctx, `DELETE FROM links WHERE slug = $1 RETURNING row_to_json(links)`, slug); err != nil {
		return fmt.Errorf("deleting a link: %w", err)
	}
	return nil
}

// Follow implements links.Store.
func (s *Links) Follow(ctx context.Context, slug string) (string, error) {
	l, err := s.one(ctx,
		`UPDATE links SET hits = hits + 1, last_hit_at = now() WHERE slug = $1 RETURNING row_to_json(links)`, slug)
	if err != nil {
		return "", fmt.Errorf("following a link: %w", err)
	}
	return l.URL, nil
}

// Ping implements links.Store.
func (s *Links) Ping(ctx context.Context) error {
	if err := reachable(s.pool.Ping(ctx)); err != nil {
		return fmt.Errorf("asking the database: %w", err)
	}
	return nil
}
