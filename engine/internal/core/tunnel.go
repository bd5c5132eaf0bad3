package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// PortForward leads a port to another one.
type PortForward struct {
	Frontend int // where connections come in; 0 where the call does not say
	Backend  int // where they go
	Protocol string
}

// check refuses what is no TCP port.
func (f PortForward) check() error {
	const last = 65535
	switch {
	case f.Protocol != "" && f.Protocol != "TCP":
		return fmt.Errorf("port %d/%s cannot be forwarded: this engine forwards TCP only", f.Backend, f.Protocol)
	case f.Backend < 1 || f.Backend > last:
		return fmt.Errorf("invalid backend port %d: ports are 1 to %d", f.Backend, last)
	case f.Frontend < 0 || f.Frontend > last:
		return fmt.Errorf("invalid frontend port %d: ports are 1 to %d, or 0 for any", f.Frontend, last)
	}
	return nil
}

// HostService makes a service of ports that this machine reaches on a host. A
// frontend that is not named is the backend.
func HostService(ctx context.Context, s *buildkit.Session, host string, forwards []PortForward) (*buildkit.Service, []Port, error) {
	if len(forwards) == 0 {
		return nil, nil, errors.New("a service of the host needs a port: name at least one")
	}
	var ports []Port
	var leads []buildkit.Forward
	seen := map[int]bool{}
	for _, f := range forwards {
		if err := f.check(); err != nil {
			return nil, nil, err
		}
		f.Frontend = or(f.Frontend, f.Backend)
		if seen[f.Frontend] {
			return nil, nil, fmt.Errorf("port %d of a service of the host is named twice", f.Frontend)
		}
		seen[f.Frontend] = true
		ports = append(ports, Port{Number: f.Frontend, Protocol: "TCP", Description: fmt.Sprintf("leads to port %d of %s", f.Backend, host)})
		leads = append(leads, buildkit.Forward{Frontend: f.Frontend, Backend: f.Backend})
	}
	service, err := s.HostService(ctx, host, leads)
	return service, ports, err
}

// TunnelPorts are the ports that a tunnel to a service with these ports has:
// those that are named, and all of the service's where none are, or where native
// says that they keep their numbers.
func TunnelPorts(service []Port, native bool, forwards []PortForward) ([]buildkit.Forward, error) {
	var leads []buildkit.Forward
	for _, f := range forwards {
		if err := f.check(); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(service, func(p Port) bool { return p.Number == f.Backend }) {
			return nil, fmt.Errorf("the service does not expose port %d: call withExposedPort before asService", f.Backend)
		}
		leads = append(leads, buildkit.Forward{Frontend: f.Frontend, Backend: f.Backend})
	}
	if native || len(forwards) == 0 {
		for _, p := range service {
			lead := buildkit.Forward{Backend: p.Number}
			if native {
				lead.Frontend = p.Number
			}
			leads = append(leads, lead)
		}
	}
	if len(leads) == 0 {
		return nil, errors.New("the service exposes no port to lead to: call withExposedPort before asService, or name ports")
	}
	return leads, nil
}
