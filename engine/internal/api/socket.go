package api

import (
	"context"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Socket is the API's Socket: a Unix socket of the host.
type Socket struct {
	node
	id   string // at the daemon
	path string
}

// ID makes the object loadable.
func (s *Socket) ID() graphql.ID { return s.register(s) }

// UnixSocket returns a socket of the host.
func (h *Host) UnixSocket(args struct{ Path string }) (*Socket, error) {
	path, err := core.HostSocket(args.Path)
	if err != nil {
		return nil, err
	}
	return &Socket{h.derive("Socket", "unixSocket", path), h.srv.session.UnixSocket(path), path}, nil
}

// LoadSocketFromID loads a socket.
func (*Query) LoadSocketFromID(ctx context.Context, a idArgs) (*Socket, error) {
	return load[*Socket](queryOf(ctx).srv, a.ID)
}

// ToSocket is for GraphQL's inline fragments.
func (n *Node) ToSocket() (*Socket, bool) { return to[*Socket](n) }
