// Package httpapi serves links over HTTP: fill in an API and call Handler.
package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// API holds what the handlers need. Build it as a literal and call Handler.
type API struct {
	Links   *links.Service
	Log     *slog.Logger
	Timeout time.Duration // for answering one request; 0 means 15 s
}

// Handler returns the routes with logging, recovery and the time-out around
// them. Every error it answers with is an RFC 9457 problem.
func (a *API) Handler() http.Handler {
	if a.Timeout == 0 {
		a.Timeout = 15 * time.Second
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /links", a.create)
	mux.HandleFunc("GET /links", a.list)
	mux.HandleFunc("GET /links/{slug}", a.get)
	mux.HandleFunc("DELETE /links/{slug}", a.remove)
	mux.HandleFunc("GET /r/{slug}", a.follow)
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	return a.logged(a.recovered(a.timed(routed(mux))))
}
