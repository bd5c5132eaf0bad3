package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Service is the API's Service: one in a container, a port of the host inside
// containers, or a tunnel to one of them.
type Service struct {
	node
	v      *buildkit.Service
	ports  []core.Port
	shell  []string         // what terminals run that do not name a command
	tunnel *buildkit.Tunnel // nil, or what this is instead
}

// ID makes the object loadable.
func (s *Service) ID() graphql.ID { return s.register(s) }

type commandArgs struct {
	Args                          []string
	UseEntrypoint, Expand, NoInit bool
	InsecureRootCapabilities      bool
	ExperimentalPrivilegedNesting bool
}

// AsService makes a service of the container.
func (c *Container) AsService(ctx context.Context, args commandArgs) (*Service, error) {
	if args.ExperimentalPrivilegedNesting {
		return nil, notServed("Option experimentalPrivilegedNesting of Container.asService")
	}
	v, err := c.v.AsService(ctx, c.srv.session, core.ExecOptions{
		Args: args.Args, UseEntrypoint: args.UseEntrypoint, Insecure: args.InsecureRootCapabilities, Expand: args.Expand, NoInit: args.NoInit,
	})
	if err != nil {
		return nil, wrap(err)
	}
	return &Service{node: c.derive("Service", "asService", args), v: v, ports: c.v.Ports, shell: c.v.DefaultTerminal.Cmd}, nil
}

// WithServiceBinding lets the container's commands reach a service by a name.
func (c *Container) WithServiceBinding(args struct {
	Alias   string
	Service graphql.ID
}) (*Container, error) {
	service, err := c.srv.containerService(args.Service)
	if err != nil {
		return nil, err
	}
	return c.with("withServiceBinding", args, c.v.WithBinding(core.Binding{Alias: args.Alias, Service: service})), nil
}

// containerService loads a service that runs in a container, or leads out of
// containers.
func (s *Server) containerService(id graphql.ID) (*buildkit.Service, error) {
	service, err := load[*Service](s, id)
	if err != nil {
		return nil, err
	}
	if service.tunnel != nil {
		return nil, errors.New("a tunnel cannot be bound, it leads out of containers: bind the service that it leads to")
	}
	return service.v, nil
}

// Hostname is the service's own name, or the address where a tunnel listens.
func (s *Service) Hostname() (string, error) {
	if s.tunnel != nil {
		host, _, err := s.tunnel.Ports()
		return host, err
	}
	return s.v.Hostname(), nil
}

// WithHostname gives the service another name of its own.
func (s *Service) WithHostname(args struct{ Hostname string }) (*Service, error) {
	if s.tunnel != nil {
		return nil, errors.New("a tunnel listens on this machine and has no hostname of its own: name the service that it leads to")
	}
	v, err := s.v.WithHostname(args.Hostname)
	if err != nil {
		return nil, err
	}
	return &Service{node: s.derive("Service", "withHostname", args), v: v, ports: s.ports, shell: s.shell}, nil
}

// Endpoint is where a port is reached: by commands that have the service bound,
// or on this machine where it is a tunnel.
func (s *Service) Endpoint(args struct {
	Port   int32
	Scheme string
}) (string, error) {
	host, err := s.Hostname()
	if err != nil {
		return "", err
	}
	ports, err := s.current()
	if err != nil {
		return "", err
	}
	port := int(args.Port)
	if port == 0 {
		if len(ports) == 0 {
			return "", errors.New("the service exposes no port: call withExposedPort before asService, or name a port")
		}
		port = ports[0].Number
	}
	endpoint := net.JoinHostPort(host, strconv.Itoa(port))
	if args.Scheme != "" {
		endpoint = args.Scheme + "://" + endpoint
	}
	return endpoint, nil
}

// current are the ports as they are now: a tunnel chooses some when it starts.
func (s *Service) current() ([]core.Port, error) {
	if s.tunnel == nil {
		return s.ports, nil
	}
	_, forwards, err := s.tunnel.Ports()
	if err != nil {
		return nil, err
	}
	ports := []core.Port{}
	for _, f := range forwards {
		ports = append(ports, core.Port{Number: f.Frontend, Protocol: "TCP", Description: fmt.Sprintf("leads to port %d", f.Backend)})
	}
	return ports, nil
}

// Ports lists the ports of the service.
func (s *Service) Ports() ([]*Port, error) {
	ports, err := s.current()
	if err != nil {
		return nil, err
	}
	out := []*Port{}
	for _, p := range ports {
		out = append(out, &Port{s.derive("Port", "ports", p), p})
	}
	return out, nil
}

// Start starts the service and waits until it is ready.
func (s *Service) Start(ctx context.Context) (graphql.ID, error) {
	if s.tunnel != nil {
		return s.ID(), wrap(s.tunnel.Start(ctx))
	}
	_, err := s.v.Start(ctx)
	return s.ID(), wrap(err)
}

// Sync is Start.
func (s *Service) Sync(ctx context.Context) (graphql.ID, error) { return s.Start(ctx) }

// Stop ends the service. It starts again when it is needed again.
func (s *Service) Stop(ctx context.Context, args struct{ Kill bool }) (graphql.ID, error) {
	if s.tunnel != nil {
		return s.ID(), wrap(s.tunnel.Stop(ctx))
	}
	return s.ID(), wrap(s.v.Stop(ctx, args.Kill))
}
