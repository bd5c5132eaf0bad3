package api

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// endpoint is the path that SDKs send their queries to.
const endpoint = "/query"

// request is a query as GraphQL over HTTP has it.
type request struct {
	Query         string         `json:"query"`
	OperationName string         `json:"operationName"`
	Variables     map[string]any `json:"variables"`
}

// tooLargeError refuses a query by its size.
type tooLargeError struct{}

func (tooLargeError) Error() string {
	return fmt.Sprintf("the query is larger than %d MiB: pass big contents as files", maxQuery>>20)
}

func readRequest(from io.Reader) (request, error) {
	var req request
	body, err := io.ReadAll(io.LimitReader(from, maxQuery+1))
	if err != nil {
		return req, fmt.Errorf("reading the query: %w", err)
	}
	if len(body) > maxQuery {
		return req, tooLargeError{}
	}
	if err := json.Unmarshal(body, &req); err != nil {
		return req, fmt.Errorf("reading the query: %w", err)
	}
	return req, nil
}

// Handler serves the API to the programs of this machine that know the token, at
// a port of its loopback: POST /query, with the token as the user's name.
func (s *Server) Handler(token string, port int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(endpoint, s.serveQuery)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("there is nothing at %s: queries go to %s", r.URL.Path, endpoint))
	})
	return guard(mux, token, port)
}

// guard lets through what knows the token and is no web page: a page's requests
// name their origin, and after DNS rebinding the page's host.
func guard(next http.Handler, token string, port int) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, ok := r.BasicAuth()
		got := sha256.Sum256([]byte(name))
		switch {
		case !isHost(r.Host, port):
			refuse(w, http.StatusForbidden, fmt.Sprintf("host %q is not this session: use 127.0.0.1:%d", r.Host, port))
		case r.Header.Get("Origin") != "":
			refuse(w, http.StatusForbidden, "web pages may not use this session")
		case !ok || subtle.ConstantTimeCompare(got[:], want[:]) != 1:
			w.Header().Set("WWW-Authenticate", `Basic realm="session"`)
			refuse(w, http.StatusUnauthorized, "the user's name has to be the session's token (DAGGER_SESSION_TOKEN)")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isHost reports whether a request's Host header names this session: its
// address, or "dagger" as the Go SDK calls a session that it has started.
func isHost(header string, port int) bool {
	if header == "dagger" {
		return true
	}
	host, number, err := net.SplitHostPort(header)
	if err != nil || number != strconv.Itoa(port) {
		return false
	}
	return host == "127.0.0.1" || host == "localhost" || host == "::1"
}

func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "queries are sent with POST")
		return
	}
	if s.closed.Load() {
		refuse(w, http.StatusServiceUnavailable, errClosed.Error())
		return
	}
	req, err := readRequest(r.Body)
	if err != nil {
		status := http.StatusBadRequest
		if errors.As(err, &tooLargeError{}) {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status, err.Error())
		return
	}
	answer, err := json.Marshal(s.Exec(r.Context(), req.Query, req.OperationName, req.Variables))
	if err != nil {
		refuse(w, http.StatusInternalServerError, fmt.Sprintf("writing the answer: %v", err))
		return
	}
	reply(w, http.StatusOK, answer)
}

// refuse answers with an error in GraphQL's form, which SDKs show.
func refuse(w http.ResponseWriter, status int, message string) {
	answer, _ := json.Marshal(map[string]any{"errors": []any{map[string]string{"message": message}}})
	reply(w, status, answer)
}

func reply(w http.ResponseWriter, status int, answer []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.Copy(w, bytes.NewReader(answer))
}
