package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// The variables in which SDKs look for a session.
const (
	sessionPortEnv  = "DAGGER_SESSION_PORT"
	sessionTokenEnv = "DAGGER_SESSION_TOKEN"
)

// closePatience bounds how long requests that are still running may take when
// the session ends.
const closePatience = 2 * time.Second

// Session is an engine's API at a port of this machine's loopback, for programs in
// any language that has a Dagger SDK.
type Session struct {
	Port  int
	Token string // whoever knows it may use the session

	conn   *connection  // nil for a session that was there already
	server *http.Server // likewise
}

// Listen opens a session on the engine that Connect would choose, and serves the
// API on 127.0.0.1 until Close. Within a Dagger session it returns that one.
//
// Errors are those of Connect.
func Listen(ctx context.Context, opts ...Option) (*Session, error) {
	conn, err := open(ctx, newConfig(opts))
	switch {
	case err != nil:
		return nil, err
	case conn == nil:
		return daggerSession()
	}
	s := &Session{Token: rand.Text(), conn: conn}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening a port for the session: %w", err), conn.Close())
	}
	s.Port = listener.Addr().(*net.TCPAddr).Port
	s.server = &http.Server{Handler: conn.Handler(s.Token, s.Port), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// daggerSession is the session that this process was started in.
func daggerSession() (*Session, error) {
	port, err := strconv.Atoi(os.Getenv(sessionPortEnv))
	if err != nil || os.Getenv(sessionTokenEnv) == "" {
		return nil, fmt.Errorf("there is no session of a Dagger engine here (%s and %s): start the command with `dagger run` instead", sessionPortEnv, sessionTokenEnv)
	}
	return &Session{Port: port, Token: os.Getenv(sessionTokenEnv)}, nil
}

// Environ returns the variables with which SDKs find the session, as os/exec
// takes them.
func (s *Session) Environ() []string {
	return []string{fmt.Sprintf("%s=%d", sessionPortEnv, s.Port), sessionTokenEnv + "=" + s.Token}
}

// Close ends the session. Queries that are still running get a moment to end.
func (s *Session) Close() error {
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close() // cancels them
	}
	return s.conn.Close()
}
