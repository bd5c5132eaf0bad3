package server_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/server"
)

// running is a server under test and the request that it is busy with.
type running struct {
	addr   string
	stop   context.CancelFunc
	result chan error  // of Run
	busy   chan string // body of the answer to the request, or its error
}

// start runs a server and has it work on one request until release is closed.
func start(t *testing.T, shutdownTimeout time.Duration, release <-chan struct{}) running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	r := running{addr: l.Addr().String(), stop: stop, result: make(chan error, 1), busy: make(chan string, 1)}
	entered := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		select {
		case <-release:
			_, _ = io.WriteString(w, "finished")
		case <-r.Context().Done():
		}
	})
	go func() {
		r.result <- server.Run(ctx, l, handler, server.Options{
			RequestTimeout:  time.Minute,
			ShutdownTimeout: shutdownTimeout,
			Log:             slog.New(slog.DiscardHandler),
		})
	}()
	go func() {
		resp, err := http.Get("http://" + r.addr)
		if err != nil {
			r.busy <- err.Error()
			return
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		r.busy <- string(body)
	}()
	<-entered
	return r
}

func TestRunLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	r := start(t, time.Minute, release)
	r.stop()
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", r.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, 5*time.Millisecond, "no new connections once it was told to stop")
	require.Empty(t, r.result, "still waiting for the request")
	close(release)
	require.Equal(t, "finished", <-r.busy)
	require.NoError(t, <-r.result)
}

func TestRunCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	r := start(t, 20*time.Millisecond, nil)
	r.stop()
	err := <-r.result
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "waiting for requests under way")
	require.Contains(t, <-r.busy, "EOF")
}

func TestRunSaysWhyItCannotServe(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	err = server.Run(t.Context(), l, http.NotFoundHandler(), server.Options{Log: slog.New(slog.DiscardHandler)})
	require.ErrorContains(t, err, "serving: ")
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	statuses := make(chan int, 1)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.WriteHeader(<-statuses)
		}
	})}
	go func() { _ = srv.Serve(l) }()
	defer func() { _ = srv.Close() }()

	for _, addr := range []string{":" + port, "0.0.0.0:" + port, "127.0.0.1:" + port, "localhost:" + port} {
		statuses <- http.StatusOK
		require.NoError(t, server.HealthCheck(t.Context(), addr), addr)
	}
	statuses <- http.StatusInternalServerError
	require.ErrorContains(t, server.HealthCheck(t.Context(), ":"+port), "answered 500 Internal Server Error")
	require.ErrorContains(t, server.HealthCheck(t.Context(), "nonsense"), "reading the listening address")

	require.NoError(t, srv.Close())
	err = server.HealthCheck(t.Context(), ":"+port)
	require.ErrorContains(t, err, "checking health: ")
	require.ErrorContains(t, err, "127.0.0.1:"+port)
}
