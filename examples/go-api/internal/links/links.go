// Package links is the domain of the API: short links to pages on the web.
// Service.Create makes one; everything else goes straight to a Store.
package links

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"
)

// Link is one short link.
type Link struct {
	ID        int64     // grows with every insert; orders the list
	Slug      string    // its name, unique
	URL       string    // where it leads
	Title     string    // the page's title when the link was made; "" without one
	Status    int       // the HTTP status the page answered with then
	Hits      int64     // how often it was followed
	CreatedAt time.Time // UTC
	LastHitAt time.Time // UTC; zero until it is followed
}

// ErrNotFound says that no link has the slug asked for.
var ErrNotFound = errors.New("no such link")

// ErrUnavailable says that a Store cannot be reached; it may be later.
var ErrUnavailable = errors.New("the store cannot be reached")

// SlugTakenError says that another link has the slug already.
type SlugTakenError struct{ Slug string }

func (e *SlugTakenError) Error() string { return fmt.Sprintf("slug %q is taken", e.Slug) }

// InvalidError says that a value the caller gave does not do.
type InvalidError struct {
	Field  string // the field's name in the API
	Reason string // completes "field …"
}

func (e *InvalidError) Error() string { return e.Field + " " + e.Reason }

// MaxURLLength is the longest URL a link may lead to, in bytes.
const MaxURLLength = 2048

var slugPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// ValidSlug tells whether s could name a link: 1 to 64 letters, digits, "-"
// and "_", beginning with a letter or digit.
func ValidSlug(s string) bool { return slugPattern.MatchString(s) }

// ParseURL checks that raw is an absolute https or http URL with a host and
// without a user or password, and returns its normal form. It errs with an
// *InvalidError.
func ParseURL(raw string) (string, error) {
	if len(raw) > MaxURLLength {
		return "", &InvalidError{"url", fmt.Sprintf("is longer than %d bytes", MaxURLLength)}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", &InvalidError{"url", "is not a URL"}
	case u.Scheme != "https" && u.Scheme != "http":
		return "", &InvalidError{"url", "must begin with https:// or http://"}
	case u.Hostname() == "":
		return "", &InvalidError{"url", "names no host"}
	case u.User != nil:
		return "", &InvalidError{"url", "must not hold a user name or password"}
	}
	if normal := u.String(); len(normal) <= MaxURLLength {
		return normal, nil
	}
	return "", &InvalidError{"url", fmt.Sprintf("is longer than %d bytes once encoded", MaxURLLength)}
}
