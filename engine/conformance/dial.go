package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"dagger.io/dagger"
)

// Dial opens a client of the session at a port of this machine's loopback. Each query is
// shown to see, unless that is nil, before it is sent.
func Dial(ctx context.Context, port int, token string, see func(request []byte)) (*dagger.Client, error) {
	return dagger.Connect(ctx, dagger.WithConn(&connection{host: fmt.Sprintf("127.0.0.1:%d", port), token: token, see: see}))
}

// connection is the SDK's connection to a session.
type connection struct {
	host, token string
	see         func([]byte)
}

// Do implements graphql.Doer.
func (c *connection) Do(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the query: %w", err)
	}
	if c.see != nil {
		c.see(body)
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.URL.Scheme, req.URL.Host, req.Host = "http", c.host, c.host
	req.SetBasicAuth(c.token, "")
	return http.DefaultClient.Do(req)
}

// Host implements engineconn.EngineConn.
func (c *connection) Host() string { return c.host }

// Close implements engineconn.EngineConn. The session stays.
func (c *connection) Close() error { return nil }
