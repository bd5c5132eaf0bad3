// Package webcheck asks web pages for their status and title, and never lets
// itself be sent into a private network. Begin with New.
package webcheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

const (
	maxRedirects = 5
	maxBody      = 256 << 10 // bytes read in search of a title
	maxHeader    = 64 << 10  // bytes
)

// Options adjusts a Checker. The zero value checks public addresses against
// the system's certificate authorities.
type Options struct {
	Timeout   time.Duration  // for a whole check, redirects included; 0 means 5 s
	UserAgent string         // "" means "go-api"
	Allow     []netip.Prefix // networks to allow although they are not public
	RootCAs   *x509.CertPool // nil means the system's
}

// Checker implements links.Checker over HTTP and HTTPS. It connects directly
// and knows no proxies: a proxy would resolve names on its own, behind the
// back of the address check.
type Checker struct {
	client    *http.Client
	userAgent string
}

// New returns a Checker. Nothing is connected until Check.
func New(opts Options) *Checker {
	if opts.Timeout == 0 {
		opts.Timeout = 5 * time.Second
	}
	if opts.UserAgent == "" {
		opts.UserAgent = "go-api"
	}
	dialer := &net.Dialer{ControlContext: guard{allow: opts.Allow}.control}
	return &Checker{
		userAgent: opts.UserAgent,
		client: &http.Client{
			Timeout: opts.Timeout,
			Transport: &http.Transport{
				DialContext:            dialer.DialContext,
				TLSClientConfig:        &tls.Config{RootCAs: opts.RootCAs, MinVersion: tls.VersionTLS12},
				ForceAttemptHTTP2:      true,
				DisableKeepAlives:      true, // a page is asked for once
				MaxResponseHeaderBytes: maxHeader,
			},
			CheckRedirect: checkRedirect,
		},
	}
}

var errRedirects = errors.New("too many redirects")

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return errRedirects
	}
	if _, err := links.ParseURL(req.URL.String()); err != nil {
		return fmt.Errorf("redirecting: %w", err)
	}
	return nil
}

// Check asks for url, follows up to 5 redirects and returns the last answer's
// status, whatever it is, with the title where that answer is HTML. It errs
// with *links.UnreachableError, which wraps a *RefusedError where an address
// is not public, or with the error of ctx.
func (c *Checker) Check(ctx context.Context, url string) (links.Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return links.Page{}, fmt.Errorf("preparing the check: %w", err)
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "text/html,*/*;q=0.5")
	resp, err := c.client.Do(req)
	if err != nil {
		return links.Page{}, explain(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	page := links.Page{Status: resp.StatusCode}
	if isHTML(resp.Header.Get("Content-Type")) {
		page.Title = Title(io.LimitReader(resp.Body, maxBody))
	}
	if ctx.Err() != nil {
		return links.Page{}, fmt.Errorf("checking the page: %w", ctx.Err())
	}
	return page, nil
}

// TrustsAnybody tells whether this system has a certificate authority, without
// which every check of an https page fails unless Options.RootCAs is set.
func TrustsAnybody() bool {
	pool, err := x509.SystemCertPool()
	return err == nil && !pool.Equal(x509.NewCertPool())
}

func isHTML(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "text/html" || kind == "application/xhtml+xml")
}
