package httpapi

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

const (
	defaultPage = 20
	maxPage     = 100
)

// link is a links.Link as clients see it.
type link struct {
	Slug      string     `json:"slug"`
	URL       string     `json:"url"`
	Title     string     `json:"title"`
	Status    int        `json:"status"`
	Hits      int64      `json:"hits"`
	Follow    string     `json:"follow"` // path that redirects to URL
	CreatedAt time.Time  `json:"created_at"`
	LastHitAt *time.Time `json:"last_hit_at"` // null until it is followed
}

func view(l links.Link) link {
	v := link{Slug: l.Slug, URL: l.URL, Title: l.Title, Status: l.Status, Hits: l.Hits,
		Follow: "/r/" + l.Slug, CreatedAt: l.CreatedAt}
	if !l.LastHitAt.IsZero() {
		v.LastHitAt = &l.LastHitAt
	}
	return v
}

func (a *API) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URL  string `json:"url"`
		Slug string `json:"slug"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	made, err := a.Links.Create(r.Context(), in.URL, in.Slug)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Location", "/links/"+made.Slug)
	writeJSON(w, http.StatusCreated, view(made))
}

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	limit, err := number(r.URL.Query(), "limit", defaultPage, maxPage)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	before, err := number(r.URL.Query(), "before", 0, math.MaxInt64)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	// One more than asked for tells whether there is a next page.
	found, err := a.Links.Store.List(r.Context(), before, int(limit)+1)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	out := struct {
		Links []link  `json:"links"`
		Next  *string `json:"next"` // path of the next page; null on the last one
	}{Links: []link{}}
	for i, l := range found {
		if i == int(limit) {
			next := fmt.Sprintf("/links?limit=%d&before=%d", limit, found[i-1].ID)
			out.Next = &next
			break
		}
		out.Links = append(out.Links, view(l))
	}
	writeJSON(w, http.StatusOK, out)
}

// number reads a query parameter between 1 and most; unset stands for absent.
func number(query url.Values, name string, unset, most int64) (int64, error) {
	if !query.Has(name) {
		return unset, nil
	}
	n, err := strconv.ParseInt(query.Get(name), 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, &links.InvalidError{Field: name, Reason: fmt.Sprintf("must be a number from 1 to %d", most)}
	}
	return n, nil
}

func (a *API) get(w http.ResponseWriter, r *http.Request) {
	slug, ok := a.slug(w, r)
	if !ok {
		return
	}
	l, err := a.Links.Store.Get(r.Context(), slug)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, view(l))
}

func (a *API) remove(w http.ResponseWriter, r *http.Request) {
	slug, ok := a.slug(w, r)
	if !ok {
		return
	}
	if err := a.Links.Store.Delete(r.Context(), slug); err != nil {
		a.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// follow redirects and counts the hit. HEAD asks without following, so it
// counts none. The redirect is temporary and not to be stored: each one passes
// here, and the link can be deleted.
func (a *API) follow(w http.ResponseWriter, r *http.Request) {
	slug, ok := a.slug(w, r)
	if !ok {
		return
	}
	var target string
	var err error
	if r.Method == http.MethodHead {
		var l links.Link
		l, err = a.Links.Store.Get(r.Context(), slug)
		target = l.URL
	} else {
		target, err = a.Links.Store.Follow(r.Context(), slug)
	}
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target, http.StatusFound) //nolint:gosec // leading elsewhere is what a link is for
}

// slug returns the path's slug. One that could name no link is answered here:
// it may hold what the database refuses to look at, such as a zero byte.
func (a *API) slug(w http.ResponseWriter, r *http.Request) (string, bool) {
	slug := r.PathValue("slug")
	if !links.ValidSlug(slug) {
		a.fail(w, r, links.ErrNotFound)
		return "", false
	}
	return slug, true
}
