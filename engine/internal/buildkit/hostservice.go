package buildkit

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// dialPatience bounds how long an address that this machine reaches may take to
// accept a connection.
const dialPatience = 10 * time.Second

// Forward leads a port to another one.
type Forward struct {
	Frontend int // where connections come in; 0 lets a tunnel choose a free port
	Backend  int // where they go
}

// HostService makes a service of ports that this machine reaches on a host.
// Other sessions' execs do not share it: what answers there may be another
// program by then.
func (s *Session) HostService(ctx context.Context, host string, forwards []Forward) (*Service, error) {
	backends := map[int]int{}
	spec := protocol.Spec{}
	for _, f := range forwards {
		backends[f.Frontend] = f.Backend
		spec.Listen = append(spec.Listen, f.Frontend)
	}
	name := "host " + host
	id := "bodkin.host." + digest.FromString(fmt.Sprint(s.ID(), host, forwards)).Encoded()
	var service *Service
	mount := s.uplinks.handle(id, func(u *uplink) error {
		port, err := u.port()
		if err != nil {
			return err
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(backends[port])), dialPatience)
		if err != nil {
			service.say(fmt.Sprintf("connecting for port %d: %s", port, err))
			return err
		}
		return u.carry(conn.(*net.TCPConn))
	})
	var err error
	service, err = s.defineBridge(ctx, spec, ServiceOptions{Name: name, Ports: spec.Listen}, mount)
	return service, err
}

// defineBridge makes a service of the shim itself, which leads connections
// between containers and this machine.
func (s *Session) defineBridge(ctx context.Context, spec protocol.Spec, o ServiceOptions, opts ...llb.RunOption) (*Service, error) {
	arch := s.platform.Architecture
	opts = append(opts, ServiceMounts(arch)...)
	opts = append(opts, llb.Args(protocol.BridgeArgs(spec)), llb.WithCustomName("service "+o.Name))
	return s.DefineService(ctx, llb.Scratch().Network(llb.NetModeNone).Run(opts...).Root(), s.platform, o)
}
