package api

import (
	"context"
	"fmt"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

// Service is the API's Service.
type Service struct {
	node
	v     *buildkit.Service
	ports []core.Port
}

// ID makes the object loadable.
func (s *Service) ID() graphql.ID { return s.register(s) }

// AsService makes a service of the container.
func (c *Container) AsService(ctx context.Context, args struct {
	Args                          []string
	UseEntrypoint, Expand, NoInit bool
	InsecureRootCapabilities      bool
	ExperimentalPrivilegedNesting bool
}) (*Service, error) {
	if args.ExperimentalPrivilegedNesting {
		return nil, notServed("Option experimentalPrivilegedNesting of Container.asService")
	}
	v, err := c.v.AsService(ctx, c.srv.session, core.ExecOptions{
		Args: args.Args, UseEntrypoint: args.UseEntrypoint, Insecure: args.InsecureRootCapabilities, Expand: args.Expand, NoInit: args.NoInit,
	})
	if err != nil {
		return nil, wrap(err)
	}
	return &Service{c.derive("Service", "asService", args), v, c.v.Ports}, nil
}

// WithServiceBinding lets the container's commands reach a service by a name.
func (c *Container) WithServiceBinding(args struct {
	Alias   string
	Service graphql.ID
}) (*Container, error) {
	service, err := load[*Service](c.srv, args.Service)
	if err != nil {
		return nil, err
	}
	return c.with("withServiceBinding", args, c.v.WithBinding(core.Binding{Alias: args.Alias, Service: service.v})), nil
}

// Hostname is the service's own name.
func (s *Service) Hostname() string { return s.v.Hostname() }

// Endpoint is where commands that have the service bound reach a port of it.
func (s *Service) Endpoint(args struct {
	Port   int32
	Scheme string
}) (string, error) {
	port := int(args.Port)
	if port == 0 {
		if len(s.ports) == 0 {
			return "", fmt.Errorf("the service exposes no port: call withExposedPort before asService, or name a port")
		}
		port = s.ports[0].Number
	}
	endpoint := fmt.Sprintf("%s:%d", s.v.Hostname(), port)
	if args.Scheme != "" {
		endpoint = args.Scheme + "://" + endpoint
	}
	return endpoint, nil
}

// Ports lists the ports of the service.
func (s *Service) Ports() []*Port {
	out := []*Port{}
	for _, p := range s.ports {
		out = append(out, &Port{s.derive("Port", "ports", p), p})
	}
	return out
}

// Start starts the service and waits until its ports answer.
func (s *Service) Start(ctx context.Context) (graphql.ID, error) {
	_, err := s.v.Start(ctx)
	return s.ID(), wrap(err)
}

// Sync is Start.
func (s *Service) Sync(ctx context.Context) (graphql.ID, error) { return s.Start(ctx) }

// Stop ends the service. It starts again when it is needed again.
func (s *Service) Stop(ctx context.Context, args struct{ Kill bool }) (graphql.ID, error) {
	return s.ID(), wrap(s.v.Stop(ctx, args.Kill))
}
