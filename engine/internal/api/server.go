// Package api serves the Dagger API: one GraphQL schema and one Go file per
// type, whose resolvers turn calls into values of package core. Start with New.
package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Version is the version of the Dagger API that is served.
const Version = "v0.21.8"

// maxQuery bounds a query's size in bytes.
const maxQuery = 64 << 20

// Server answers the Dagger SDK's requests without opening a port: it is the
// connection (engineconn.EngineConn) itself.
type Server struct {
	session *buildkit.Session
	root    *Query
	salt    []byte // keeps IDs from telling what went into them
	tmp     string
	tmpOnce sync.Once
	tmpErr  error
	loads   atomic.Int64

	objects sync.Map // ID → resolver
	secrets secretNames
	built   builtImages
	git     core.Git
	loaded  core.Downloads
	closing sync.Once
	closed  atomic.Bool
}

// New returns a server for a session, which it owns from then on.
func New(session *buildkit.Session) (*Server, error) {
	s := &Server{session: session, salt: make([]byte, 32)}
	if _, err := rand.Read(s.salt); err != nil {
		return nil, err
	}
	s.root = &Query{node: node{srv: s, typ: "Query", digest: "query"}}
	return s, nil
}

// Exec answers one query.
func (s *Server) Exec(ctx context.Context, query, operation string, variables map[string]any) *graphql.Response {
	if err := bounded(query); err != nil {
		return failure(err)
	}
	if resp := aboutSchema(query, operation, variables); resp != nil {
		return resp
	}
	schema, err := bound()
	if err != nil {
		return failure(err)
	}
	resp := schema.Exec(withQuery(ctx, s.root), query, operation, variables)
	for _, err := range resp.Errors {
		explain(err)
		s.mask(err)
	}
	return resp
}

// Do implements graphql.Doer of the SDK's client: a POST of a query.
func (s *Server) Do(req *http.Request) (*http.Response, error) {
	if s.closed.Load() {
		return nil, errClosed
	}
	params, err := readRequest(req.Body)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(s.Exec(req.Context(), params.Query, params.OperationName, params.Variables))
	if err != nil {
		return nil, fmt.Errorf("writing the answer: %w", err)
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(answer)),
		ContentLength: int64(len(answer)), Request: req,
	}, nil
}

// Host names the connection in the SDK's URLs.
func (s *Server) Host() string { return "bodkin" }

// Close ends the session and removes what it kept on this machine.
func (s *Server) Close() error {
	var err error
	s.closed.Store(true)
	s.closing.Do(func() {
		err = s.session.Close()
		s.built.close()
		if s.tmp != "" {
			_ = os.RemoveAll(s.tmp)
		}
	})
	return err
}
