package api

import (
	"context"
	"errors"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// portForward is the API's PortForward.
type portForward struct {
	Backend  int32
	Frontend *int32
	Protocol string
}

// forwards are the ports as package core has them.
func forwards(ports []portForward) []core.PortForward {
	out := []core.PortForward{}
	for _, p := range ports {
		f := core.PortForward{Backend: int(p.Backend), Protocol: p.Protocol}
		if p.Frontend != nil {
			f.Frontend = int(*p.Frontend)
		}
		out = append(out, f)
	}
	return out
}

// Service makes a service of ports that the host reaches.
func (h *Host) Service(ctx context.Context, args struct {
	Host  string
	Ports []portForward
}) (*Service, error) {
	v, ports, err := core.HostService(ctx, h.srv.session, args.Host, forwards(args.Ports))
	if err != nil {
		return nil, wrap(err)
	}
	return &Service{node: h.derive("Service", "service", args), v: v, ports: ports}, nil
}

type tunnelArgs struct {
	Native bool
	Ports  []portForward
}

// Tunnel leads ports of the host to a service.
func (h *Host) Tunnel(args struct {
	Service graphql.ID
	tunnelArgs
}) (*Service, error) {
	service, err := load[*Service](h.srv, args.Service)
	if err != nil {
		return nil, err
	}
	return service.tunnelTo(h.derive("Service", "tunnel", args), args.tunnelArgs)
}

// tunnelTo returns a tunnel to the service.
func (s *Service) tunnelTo(id node, args tunnelArgs) (*Service, error) {
	if s.tunnel != nil {
		return nil, errors.New("a tunnel cannot lead to a tunnel: name the service that it leads to")
	}
	ports, err := core.TunnelPorts(s.ports, args.Native, forwards(args.Ports))
	if err != nil {
		return nil, err
	}
	return &Service{node: id, v: s.v, tunnel: s.srv.session.Tunnel(s.v, ports)}, nil
}

type upArgs struct {
	Random bool
	Ports  []portForward
}

// Up leads ports of the host to the service until the call is cancelled, or the
// service ends.
func (s *Service) Up(ctx context.Context, args upArgs) (*Void, error) {
	tunnel := s
	if s.tunnel == nil {
		var err error
		native := !args.Random && len(args.Ports) == 0
		if tunnel, err = s.tunnelTo(s.derive("Service", "up", args), tunnelArgs{native, args.Ports}); err != nil {
			return nil, err
		}
	}
	return nil, wrap(tunnel.tunnel.Up(ctx))
}

// Up is that of the container's service.
func (c *Container) Up(ctx context.Context, args struct {
	upArgs
	commandArgs
}) (*Void, error) {
	service, err := c.AsService(ctx, args.commandArgs)
	if err != nil {
		return nil, err
	}
	return service.Up(ctx, args.upArgs)
}
