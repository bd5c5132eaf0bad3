package api

import (
	"context"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// WithUnixSocket lets the container's commands connect to a socket of the host.
func (c *Container) WithUnixSocket(ctx context.Context, args struct {
	Path, Owner string
	Source      graphql.ID
	Expand      bool
}) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	socket, err := load[*Socket](c.srv, args.Source)
	if err != nil {
		return nil, err
	}
	uid, gid, err := c.v.OwnerIDs(ctx, c.srv.session, args.Owner)
	if err != nil {
		return nil, wrap(err)
	}
	return c.with("withUnixSocket", args, c.v.WithUnixSocket(core.UnixSocket{Target: args.Path, ID: socket.id, UID: uid, GID: gid})), nil
}

// WithoutUnixSocket removes a socket.
func (c *Container) WithoutUnixSocket(args pathArgs) (*Container, error) {
	if err := c.expand(args.Expand, &args.Path); err != nil {
		return nil, err
	}
	return c.with("withoutUnixSocket", args, c.v.WithoutUnixSocket(args.Path)), nil
}
