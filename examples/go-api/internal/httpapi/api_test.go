package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/httpapi"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres/pgtest"
)

// eachStore runs test against the handlers on a store in memory and on one in
// PostgreSQL.
func eachStore(t *testing.T, test func(t *testing.T, s *service)) {
	t.Helper()
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		test(t, newService(t, new(links.Memory)))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		pool := pgtest.Pool(t, pgtest.New(t))
		require.NoError(t, postgres.Migrate(t.Context(), pool, slog.New(slog.DiscardHandler)))
		test(t, newService(t, postgres.NewLinks(pool)))
	})
}

// service is a running API with a pretended web behind it.
type service struct {
	*httptest.Server

	log *syncBuffer
	web *fakeWeb
}

func newService(t *testing.T, store links.Store, adjust ...func(*httpapi.API)) *service {
	t.Helper()
	s := &service{log: new(syncBuffer), web: &fakeWeb{page: links.Page{Status: 200, Title: "The Go Language"}}}
	api := &httpapi.API{
		Log:   slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Links: &links.Service{Store: store, Checker: s.web},
	}
	for _, f := range adjust {
		f(api)
	}
	s.Server = httptest.NewServer(api.Handler())
	t.Cleanup(s.Close)
	return s
}

// answer is what a client gets.
type answer struct {
	*http.Response

	body string
}

func (a answer) json(t *testing.T) (v map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), &v), a.body)
	return v
}

// do sends a request without following redirects.
func (s *service) do(t *testing.T, method, path, body string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	return s.send(t, req)
}

func (s *service) send(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := s.Client().Transport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp, string(data)}
}

func (s *service) create(t *testing.T, slug string) {
	t.Helper()
	got := s.do(t, "POST", "/links", `{"url":"https://go.dev/`+slug+`","slug":"`+slug+`"}`)
	require.Equal(t, http.StatusCreated, got.StatusCode, got.body)
}

// requireProblem checks an answer's status and the detail it gives.
func requireProblem(t *testing.T, got answer, status int, detail string) {
	t.Helper()
	require.Equal(t, status, got.StatusCode, got.body)
	require.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
	problem := got.json(t)
	require.EqualValues(t, status, problem["status"])
	require.Equal(t, http.StatusText(status), problem["title"])
	require.Contains(t, problem["detail"], detail)
}

type fakeWeb struct {
	mu   sync.Mutex
	page links.Page
	err  error
}

func (f *fakeWeb) Check(context.Context, string) (links.Page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.page, f.err
}

func (f *fakeWeb) set(page links.Page, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.page, f.err = page, err
}

// broken is a store on a database that answers in a way of its own.
type broken struct {
	links.Memory

	get func(ctx context.Context) error
}

func (b *broken) Get(ctx context.Context, _ string) (links.Link, error) {
	return links.Link{}, b.get(ctx)
}
func (b *broken) Ping(ctx context.Context) error { return b.get(ctx) }

var errDown = errors.New("dial tcp 10.1.2.3:5432: connection refused")

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// lines waits for a log line with the message and returns all such lines: a
// request's own line is written after its answer.
func (b *syncBuffer) lines(t *testing.T, msg string) (found []map[string]any) {
	t.Helper()
	require.Eventually(t, func() bool {
		b.mu.Lock()
		text := b.buf.String()
		b.mu.Unlock()
		found = nil
		for line := range strings.Lines(text) {
			var v map[string]any
			if json.Unmarshal([]byte(line), &v) == nil && v["msg"] == msg {
				found = append(found, v)
			}
		}
		return len(found) > 0
	}, 5*time.Second, 5*time.Millisecond, "no log line %q", msg)
	return found
}
