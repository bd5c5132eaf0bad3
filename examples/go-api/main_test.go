package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/examples/go-api/internal/postgres/pgtest"
)

// asProgram makes the test binary be the program, so that tests see flags,
// exit statuses and signals as a user does.
const asProgram = "GO_API_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program prepares a run of the program with nothing in its environment but
// env.
func program(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = slices.Concat(env, []string{asProgram + "=1", "GOCOVERDIR=" + t.TempDir()}) // for go test -cover
	return cmd
}

// finish runs the program to its end.
func finish(t *testing.T, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := program(t, env, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		require.ErrorAs(t, err, new(*exec.ExitError))
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestVersion(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := finish(t, nil, "-version")
	require.Equal(t, version+"\n", stdout)
	require.Empty(t, stderr)
	require.Zero(t, status)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	_, stderr, status := finish(t, nil, "-help")
	require.Contains(t, stderr, "-healthcheck")
	require.Zero(t, status)

	_, stderr, status = finish(t, nil, "-nope")
	require.Contains(t, stderr, "flag provided but not defined: -nope")
	require.Equal(t, exitUsage, status)

	_, stderr, status = finish(t, nil, "serve")
	require.Equal(t, "go-api: unexpected argument \"serve\"\n", stderr)
	require.Equal(t, exitUsage, status)

	_, stderr, status = finish(t, []string{"LOG_LEVEL=loud"})
	require.Contains(t, stderr, "DATABASE_URL is not set")
	require.Contains(t, stderr, "LOG_LEVEL must be")
	require.Equal(t, exitUsage, status)
}

func TestHealthcheckWithoutServer(t *testing.T) {
	t.Parallel()
	_, stderr, status := finish(t, []string{"LISTEN_ADDR=127.0.0.1:1"}, "-healthcheck")
	require.Contains(t, stderr, "go-api: checking health: ")
	require.Equal(t, exitFailed, status)

	_, stderr, status = finish(t, []string{"LISTEN_ADDR=1"}, "-healthcheck")
	require.Contains(t, stderr, "go-api: LISTEN_ADDR must be")
	require.Equal(t, exitFailed, status)
}

func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	stdout, _, status := finish(t, []string{
		"DATABASE_URL=postgres://api:s3cret@127.0.0.1:1/api?sslmode=disable", "STARTUP_TIMEOUT=100ms", "LISTEN_ADDR=127.0.0.1:0",
		"SSL_CERT_FILE=/nonexistent", "SSL_CERT_DIR=/nonexistent",
	})
	require.Equal(t, exitFailed, status)
	require.Contains(t, stdout, `"msg":"waiting for the database"`)
	require.Contains(t, stdout, "connection refused")
	require.Contains(t, stdout, "no certificate authorities found")
	require.NotContains(t, stdout, "s3cret")
}

// TestService runs the whole program: a real database, a real TLS server to
// check, whose certificate is in the CA bundle that SSL_CERT_FILE names.
func TestService(t *testing.T) {
	t.Parallel()
	database := pgtest.New(t)
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<title>"+r.UserAgent()+"</title>")
	}))
	t.Cleanup(site.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.Block{Type: "CERTIFICATE", Bytes: site.Certificate().Raw}
	require.NoError(t, os.WriteFile(bundle, pem.EncodeToMemory(&block), 0o600))
	env := []string{"DATABASE_URL=" + database, "LISTEN_ADDR=127.0.0.1:0", "SSL_CERT_FILE=" + bundle}
	body := `{"url":"` + site.URL + `/page","slug":"page"}`

	t.Run("refuses private addresses", func(t *testing.T) {
		p := serving(t, env)
		status, answer := p.post(t, body)
		require.Equal(t, http.StatusUnprocessableEntity, status)
		require.Contains(t, answer, "leads to an address that is not public")
		p.terminate(t, syscall.SIGINT)
	})
	t.Run("checks, stores and redirects", func(t *testing.T) {
		p := serving(t, slices.Concat(env, []string{"CHECK_ALLOW_NETWORKS=127.0.0.0/8"}))
		status, answer := p.post(t, body)
		require.Equal(t, http.StatusCreated, status, answer)
		require.Contains(t, answer, `"title":"go-api/`+version+`"`)
		p.terminate(t, syscall.SIGTERM)

		p = serving(t, env)
		_, stderr, exit := finish(t, []string{"LISTEN_ADDR=" + p.addr}, "-healthcheck")
		require.Empty(t, stderr)
		require.Zero(t, exit)
		resp, err := http.DefaultTransport.RoundTrip(p.request(t, "GET", "/r/page", ""))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, site.URL+"/page", resp.Header.Get("Location"), "links outlive the process")
		p.terminate(t, syscall.SIGTERM)
	})
}

// process is the program while it serves.
type process struct {
	cmd  *exec.Cmd
	addr string
	log  chan []string // messages after "listening", once it has ended
}

// serving starts the program and waits until it listens.
func serving(t *testing.T, env []string) *process {
	t.Helper()
	cmd := program(t, env)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	p := &process{cmd: cmd, log: make(chan []string, 1)}
	lines := bufio.NewScanner(out)
	for p.addr == "" {
		require.True(t, lines.Scan(), "it ended before it listened")
		var line struct{ Level, Msg, Addr string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line), "every log line is JSON: %s", lines.Text())
		p.addr = line.Addr
		require.NotEqual(t, "WARN", line.Level, line.Msg)
	}
	go func() {
		var rest []string
		for lines.Scan() {
			rest = append(rest, lines.Text())
		}
		p.log <- rest
	}()
	return p
}

func (p *process) request(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.addr+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	return req
}

func (p *process) post(t *testing.T, body string) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(p.request(t, "POST", "/links", body))
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

// terminate sends the signal and checks that the program ends in good order.
func (p *process) terminate(t *testing.T, signal syscall.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(signal))
	log := <-p.log // read to its end before Wait closes the pipe
	require.NoError(t, p.cmd.Wait())
	require.Contains(t, log[len(log)-2], `"msg":"shutting down"`)
	require.Contains(t, log[len(log)-1], `"msg":"stopped"`)
}
