package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

// problem answers with an RFC 9457 problem. Detail is for the client to read.
func problem(w http.ResponseWriter, status int, detail string) {
	write(w, "application/problem+json", status, struct {
		Status int    `json:"status"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}{status, http.StatusText(status), detail})
}

// fail answers with the problem that err is. What clients cannot help goes
// into the log in full and to the client without particulars.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	var (
		invalid     *links.InvalidError
		taken       *links.SlugTakenError
		unreachable *links.UnreachableError
	)
	switch {
	case errors.As(err, &invalid):
		problem(w, http.StatusUnprocessableEntity, invalid.Error())
	case errors.As(err, &unreachable):
		a.Log.InfoContext(r.Context(), "link refused", "err", err)
		problem(w, http.StatusUnprocessableEntity, "url "+unreachable.Reason)
	case errors.As(err, &taken):
		problem(w, http.StatusConflict, taken.Error())
	case errors.Is(err, links.ErrNotFound):
		problem(w, http.StatusNotFound, links.ErrNotFound.Error())
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		a.Log.DebugContext(r.Context(), "client left", "err", err)
		problem(w, http.StatusServiceUnavailable, "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		a.Log.ErrorContext(r.Context(), "request timed out", "err", err)
		problem(w, http.StatusServiceUnavailable, "the answer took too long; try again")
	case errors.Is(err, links.ErrUnavailable):
		a.Log.ErrorContext(r.Context(), "database out of reach", "err", err)
		problem(w, http.StatusServiceUnavailable, "the database does not answer; try again")
	default:
		a.Log.ErrorContext(r.Context(), "request failed", "err", err)
		problem(w, http.StatusInternalServerError, "something went wrong here; the log says what")
	}
}
