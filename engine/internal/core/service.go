package core

import (
	"context"
	"fmt"
	"slices"

	"github.com/moby/buildkit/client/llb"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Binding is a service that a container's commands reach under a name.
type Binding struct {
	Alias   string
	Service *buildkit.Service
}

// WithBinding binds a service, in place of one under the same name.
func (c Container) WithBinding(b Binding) Container {
	c = c.clone()
	c.Bindings = slices.DeleteFunc(c.Bindings, func(old Binding) bool { return old.Alias == b.Alias })
	c.Bindings = append(c.Bindings, b)
	return c
}

// AsService makes a service of the container: of a command, or of its default
// one. Its exposed ports are those that clients reach.
func (c Container) AsService(ctx context.Context, s *buildkit.Session, o ExecOptions) (*buildkit.Service, error) {
	args, err := c.command(o)
	if err != nil {
		return nil, err
	}
	spec, opts := c.runOptions(args, o)
	ports := []int{}
	for _, p := range c.Ports {
		if p.Protocol != "TCP" {
			return nil, fmt.Errorf("port %d/%s: services are reached over TCP only", p.Number, p.Protocol)
		}
		ports = append(ports, p.Number)
		if p.SkipHealthcheck {
			spec.SkipCheck = append(spec.SkipCheck, p.Number)
		}
	}
	spec.Listen = ports
	name := execName(args)[len("exec "):]
	options := buildkit.ServiceOptions{Name: name, Ports: ports, Hint: c.portClash()}
	if check := c.Healthcheck(); check != nil {
		spec.Check = check.command(c.Config.Shell)
		options.Checked, options.StartPeriod = true, check.StartPeriod
	}
	opts = append(opts, buildkit.ServiceMounts(c.Platform.Architecture)...)
	opts = append(opts, llb.WithCustomName("service "+name), llb.Args(protocol.ServeArgs(spec, args...)))
	return s.DefineService(ctx, c.FS.Run(opts...).Root(), c.Platform, options)
}

// portClash says which port of the container a bound service has too. Both can
// listen on it in one container, but not where one of them does so on all
// addresses.
func (c Container) portClash() string {
	for _, p := range c.Ports {
		for _, b := range c.Bindings {
			if slices.Contains(b.Service.Ports, p.Number) {
				return fmt.Sprintf("port %d is also that of service %s, which is bound to it: listen on 127.0.0.1:%d instead of on all addresses, or on another port",
					p.Number, b.Alias, p.Number)
			}
		}
	}
	return ""
}
