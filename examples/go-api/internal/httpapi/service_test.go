package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/httpapi"
	"github.com/bodkin-ci/bodkin/examples/go-api/internal/links"
)

func TestHealth(t *testing.T) {
	eachStore(t, func(t *testing.T, s *service) {
		for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
			got := s.do(t, "GET", path, "")
			require.Equal(t, http.StatusOK, got.StatusCode)
			require.Equal(t, want, got.body)
		}
	})
}

func TestHealthWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newService(t, &broken{get: func(context.Context) error { return errDown }})
	require.Equal(t, http.StatusOK, s.do(t, "GET", "/healthz", "").StatusCode)
	got := s.do(t, "GET", "/readyz", "")
	requireProblem(t, got, 503, "the database does not answer")
	require.NotContains(t, got.body, "10.1.2.3")
	require.Equal(t, errDown.Error(), s.log.lines(t, "not ready")[0]["err"])
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	s := newService(t, new(links.Memory))
	for _, path := range []string{"/", "/nope", "/links/a/b", "/r/"} {
		requireProblem(t, s.do(t, "GET", path, ""), 404, "there is nothing at this path")
	}
	got := s.do(t, "PUT", "/links", "")
	requireProblem(t, got, 405, "this path answers GET, HEAD, POST")
	require.Equal(t, "GET, HEAD, POST", got.Header.Get("Allow"))
	require.Equal(t, "/links", s.do(t, "GET", "//links", "").Header.Get("Location"), "paths are cleaned by redirecting")
}

func TestFailuresAreLoggedNotTold(t *testing.T) {
	t.Parallel()
	s := newService(t, &broken{get: func(context.Context) error { return errDown }})
	got := s.do(t, "GET", "/links/go", "")
	requireProblem(t, got, 500, "something went wrong here")
	require.NotContains(t, got.body, "10.1.2.3")
	require.Equal(t, errDown.Error(), s.log.lines(t, "request failed")[0]["err"])

	away := fmt.Errorf("%w: %w", links.ErrUnavailable, errDown)
	s = newService(t, &broken{get: func(context.Context) error { return away }})
	got = s.do(t, "GET", "/links/go", "")
	requireProblem(t, got, 503, "the database does not answer")
	require.NotContains(t, got.body, "10.1.2.3")
	require.Equal(t, away.Error(), s.log.lines(t, "database out of reach")[0]["err"])
}

func TestPanicsAreAnswered(t *testing.T) {
	t.Parallel()
	s := newService(t, &broken{get: func(context.Context) error { panic("a bug") }})
	requireProblem(t, s.do(t, "GET", "/links/go", ""), 500, "something went wrong here")
	line := s.log.lines(t, "panic")[0]
	require.Equal(t, "a bug", line["err"])
	require.Contains(t, line["stack"], "service_test.go")
	require.Equal(t, http.StatusOK, s.do(t, "GET", "/healthz", "").StatusCode)
}

func TestRequestsTimeOut(t *testing.T) {
	t.Parallel()
	hang := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	s := newService(t, &broken{get: hang}, func(a *httpapi.API) { a.Timeout = 20 * time.Millisecond })
	requireProblem(t, s.do(t, "GET", "/links/go", ""), 503, "took too long")
	s.log.lines(t, "request timed out")
}

func TestClientsMayLeave(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	hang := func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	s := newService(t, &broken{get: hang})
	req, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/links/go", nil)
	require.NoError(t, err)
	_, err = s.Client().Do(req) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "DEBUG", s.log.lines(t, "client left")[0]["level"])
}

func TestRequestsAreLogged(t *testing.T) {
	t.Parallel()
	s := newService(t, new(links.Memory))
	got := s.do(t, "GET", "/links/none?token=secret", "")
	line := s.log.lines(t, "request")[0]
	require.Equal(t, "INFO", line["level"])
	require.Equal(t, "GET", line["method"])
	require.Equal(t, "/links/none", line["path"], "without the query")
	require.EqualValues(t, 404, line["status"])
	require.EqualValues(t, len(got.body), line["bytes"])
	require.NotEmpty(t, line["remote"])

	quiet := newService(t, new(links.Memory))
	quiet.do(t, "GET", "/healthz", "")
	line = quiet.log.lines(t, "request")[0]
	require.Equal(t, "DEBUG", line["level"])
	require.EqualValues(t, 200, line["status"])
}
