package links

import "context"

// NewLink is what a Store needs to insert a link.
type NewLink struct {
	Slug   string
	URL    string
	Title  string
	Status int
}

// Store keeps links. Memory is its in-memory implementation; package linkstest
// holds the tests that every implementation passes. All methods may be called
// from several goroutines at once, and err with ErrUnavailable where the store
// is out of reach.
type Store interface {
	// Insert adds a link without hits. It errs with *SlugTakenError.
	Insert(ctx context.Context, l NewLink) (Link, error)
	// Get returns the link named slug. It errs with ErrNotFound.
	Get(ctx context.Context, slug string) (Link, error)
	// List returns at most limit links, newest first, of those with an ID
	// below before; a before of 0 begins with the newest.
	List(ctx context.Context, before int64, limit int) ([]Link, error)
	// Delete removes the link named slug. It errs with ErrNotFound.
	Delete(ctx context.Context, slug string) error
	// Follow counts a hit and returns the URL that slug leads to. It errs
	// with ErrNotFound.
	Follow(ctx context.Context, slug string) (url string, err error)
	// Ping errs where the store cannot answer just now.
	Ping(ctx context.Context) error
}
