package links

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Page is what a Checker found at a URL.
type Page struct {
	Status int    // HTTP status of the last answer
	Title  string // "" without one
}

// Checker asks the web for a page.
type Checker interface {
	// Check errs where the page cannot be had; the API hands the message of
	// an *UnreachableError on to its caller.
	Check(ctx context.Context, url string) (Page, error)
}

// UnreachableError says that a link would lead nowhere.
type UnreachableError struct {
	Reason string // fit for the API's callers: "url …"
	Err    error  // for the log; nil where Reason says it all
}

func (e *UnreachableError) Error() string {
	if e.Err == nil {
		return "url " + e.Reason
	}
	return "url " + e.Reason + ": " + e.Err.Error()
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Service makes links in Store for pages that Checker can reach.
type Service struct {
	Store   Store
	Checker Checker

	randomSlug func() string // nil: RandomSlug
}

// slugAttempts is how many random slugs Create tries before it gives up.
const slugAttempts = 5

// Create checks the page at url and inserts a link to it. A slug of "" asks for
// a random one. It errs with *InvalidError, *UnreachableError or
// *SlugTakenError, or with what the Store returned.
func (s *Service) Create(ctx context.Context, url, slug string) (Link, error) {
	target, err := ParseURL(url)
	if err != nil {
		return Link{}, err
	}
	if slug != "" && !ValidSlug(slug) {
		return Link{}, &InvalidError{"slug", "must be 1 to 64 letters, digits, - or _, and begin with a letter or digit"}
	}
	page, err := s.Checker.Check(ctx, target)
	if err != nil {
		return Link{}, err
	}
	if page.Status == http.StatusNotFound || page.Status == http.StatusGone {
		return Link{}, &UnreachableError{Reason: fmt.Sprintf("leads to a page that does not exist (status %d)", page.Status)}
	}
	link := NewLink{Slug: slug, URL: target, Title: page.Title, Status: page.Status}
	if slug != "" {
		return s.Store.Insert(ctx, link)
	}
	return s.insertRandom(ctx, link)
}

func (s *Service) insertRandom(ctx context.Context, link NewLink) (Link, error) {
	next := s.randomSlug
	if next == nil {
		next = RandomSlug
	}
	for range slugAttempts {
		link.Slug = next()
		made, err := s.Store.Insert(ctx, link)
		var taken *SlugTakenError
		if !errors.As(err, &taken) {
			return made, err
		}
	}
	return Link{}, fmt.Errorf("finding a free slug: %d random ones were taken", slugAttempts)
}

// RandomSlug returns 8 random characters of a-z and 2-7, which is 40 bits.
func RandomSlug() string { return strings.ToLower(rand.Text()[:8]) }
