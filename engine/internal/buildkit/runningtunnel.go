package buildkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/identity"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// runningTunnel is a tunnel between its start and its end.
type runningTunnel struct {
	bridge    *Service
	uplinks   string    // the ID under which they come
	crossing  *instance // of the bridge
	upstream  *instance // of the service that it leads to
	listeners []net.Listener
	ports     []Forward // with the ports that were chosen
	spare     chan *uplink
	ended     chan struct{}
}

// listen takes the ports, before anything is started.
func (r *runningTunnel) listen(t *Tunnel) error {
	for _, f := range t.forwards {
		listener, err := net.Listen("tcp", net.JoinHostPort(tunnelHost, strconv.Itoa(f.Frontend)))
		if err != nil {
			return &TunnelError{t.service.Name, f.Frontend, err}
		}
		r.listeners = append(r.listeners, listener)
		r.ports = append(r.ports, Forward{listener.Addr().(*net.TCPAddr).Port, f.Backend})
	}
	return nil
}

// open connects the listeners with the service.
func (r *runningTunnel) open(ctx context.Context, t *Tunnel) error {
	if _, err := t.service.Start(ctx); err != nil {
		return err
	}
	r.upstream = t.service.current()
	r.uplinks = "bodkin.tunnel." + identity.NewID()
	mount := t.session.uplinks.handle(r.uplinks, r.wait)
	secret := llb.AddSecretWithDest(t.service.secret(), nil, llb.SecretAsEnvName(protocol.UplinkVariable))
	bridge, err := t.session.defineBridge(ctx, protocol.Spec{}, ServiceOptions{Name: "tunnel to " + t.service.Name}, mount, secret)
	if err != nil {
		return err
	}
	r.bridge = bridge
	if _, err := bridge.Start(ctx); err != nil {
		return err
	}
	r.crossing = bridge.current()
	for i, listener := range r.listeners {
		bridge.say(fmt.Sprintf("%s leads to port %d of %s", listener.Addr(), r.ports[i].Backend, t.service.Name))
		go r.accept(listener, r.ports[i].Backend)
	}
	return nil
}

// wait keeps an uplink for the next connection, and returns when that is over.
func (r *runningTunnel) wait(u *uplink) error {
	u.done = make(chan error, 1)
	select {
	case r.spare <- u:
		return <-u.done
	case <-u.stream.Context().Done():
	case <-r.ended:
	}
	return nil
}

func (r *runningTunnel) accept(listener net.Listener, backend int) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go r.lead(conn.(*net.TCPConn), backend)
		}
	}
}

// lead connects a connection with the service.
func (r *runningTunnel) lead(conn *net.TCPConn, backend int) {
	select {
	case u := <-r.spare:
		err := u.openTo(backend)
		if err == nil {
			err = u.carry(conn)
		} else {
			reset(conn)
		}
		u.done <- err
	case <-r.ended:
		reset(conn)
	case <-r.crossing.ended:
		reset(conn)
	}
}

// close ends the tunnel. The service goes on.
func (r *runningTunnel) close(ctx context.Context, t *Tunnel) error {
	close(r.ended)
	t.session.uplinks.forget(r.uplinks)
	for _, listener := range r.listeners {
		_ = listener.Close()
	}
	if r.bridge == nil {
		return nil
	}
	return r.bridge.Stop(ctx, false)
}
