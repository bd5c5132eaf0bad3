package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"
)

// readyTimeout bounds how long readyz waits for the database.
const readyTimeout = 2 * time.Second

// healthz answers while the process is alive, whatever state the database is
// in: restarting this program would not mend that.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) { writeText(w, "ok\n") }

// readyz answers 200 while the database does, else 503.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if err := a.Links.Store.Ping(ctx); err != nil {
		a.Log.WarnContext(r.Context(), "not ready", "err", err)
		problem(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	writeText(w, "ready\n")
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, text)
}
