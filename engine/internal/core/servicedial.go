package core

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// serviceDialTimeout bounds how long a server may take to accept a connection.
const serviceDialTimeout = 30 * time.Second

// ServiceDialer returns a function that connects this machine to a service where
// its hostname is asked for, and to other hosts as usual. The service starts first,
// whatever is asked for.
func ServiceDialer(s *buildkit.Session, service *buildkit.Service) func(ctx context.Context, network, address string) (net.Conn, error) {
	tunnel := sync.OnceValue(func() *buildkit.Tunnel {
		var forwards []buildkit.Forward
		for _, port := range service.Ports {
			forwards = append(forwards, buildkit.Forward{Backend: port})
		}
		return s.Tunnel(service, forwards)
	})
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if _, err := service.Start(ctx); err != nil {
			return nil, err
		}
		dialer := net.Dialer{Timeout: serviceDialTimeout}
		host, number, err := net.SplitHostPort(address)
		if err != nil || host != service.Hostname() {
			return dialer.DialContext(ctx, network, address)
		}
		if err := tunnel().Start(ctx); err != nil {
			return nil, err
		}
		local, ports, err := tunnel().Ports()
		if err != nil {
			return nil, err
		}
		for _, port := range ports {
			if strconv.Itoa(port.Backend) == number {
				return dialer.DialContext(ctx, network, net.JoinHostPort(local, strconv.Itoa(port.Frontend)))
			}
		}
		return nil, fmt.Errorf("service %s does not expose port %s: call withExposedPort before asService", host, number)
	}
}
