package buildkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/identity"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// tunnelHost is where tunnels listen: on this machine only.
const tunnelHost = "127.0.0.1"

// Tunnel leads ports of this machine to those of a service.
type Tunnel struct {
	session  *Session
	service  *Service
	forwards []Forward

	mu      sync.Mutex
	running *runningTunnel
}

// runningTunnel is a tunnel between its start and its end.
type runningTunnel struct {
	bridge    *Service
	upstream  *instance // of the service that it leads to
	listeners []net.Listener
	ports     []Forward // with the ports that were chosen
	spare     chan *uplink
	ended     chan struct{}
}

// Tunnel describes a tunnel. Frontends that are 0 are free ports, chosen when the
// tunnel starts.
func (s *Session) Tunnel(service *Service, forwards []Forward) *Tunnel {
	return &Tunnel{session: s, service: service, forwards: forwards}
}

// TunnelError says why a port of this machine does not lead to a service.
type TunnelError struct {
	Service string
	Port    int // of this machine
	Err     error
}

func (e *TunnelError) Error() string {
	if errors.Is(e.Err, syscall.EADDRINUSE) {
		return fmt.Sprintf("port %d of this machine, for service %s, is taken: name another one, or let a free one be chosen", e.Port, e.Service)
	}
	return fmt.Sprintf("listening on port %d of this machine for service %s: %s", e.Port, e.Service, e.Err)
}

func (e *TunnelError) Unwrap() error { return e.Err }

// Start starts the service, unless it runs, and listens. A tunnel that was
// started stays as it is. The error is a *TunnelError where a port is the reason.
func (t *Tunnel) Start(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running != nil {
		return nil
	}
	r := &runningTunnel{spare: make(chan *uplink), ended: make(chan struct{})}
	if err := r.listen(t); err != nil {
		return errors.Join(err, r.close(ctx))
	}
	if err := r.open(ctx, t); err != nil {
		return errors.Join(err, r.close(ctx))
	}
	t.running = r
	t.session.tunnels.add(t)
	return nil
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
	id := "bodkin.tunnel." + identity.NewID()
	mount := t.session.uplinks.handle(id, r.wait)
	secret := llb.AddSecretWithDest(t.service.secret(), nil, llb.SecretAsEnvName(protocol.UplinkVariable))
	bridge, err := t.session.defineBridge(ctx, protocol.Spec{}, ServiceOptions{Name: "tunnel to " + t.service.Name}, mount, secret)
	if err != nil {
		return err
	}
	r.bridge = bridge
	if _, err := bridge.Start(ctx); err != nil {
		return err
	}
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
	}
}

// close ends the tunnel. The service goes on.
func (r *runningTunnel) close(ctx context.Context) error {
	close(r.ended)
	for _, listener := range r.listeners {
		_ = listener.Close()
	}
	if r.bridge == nil {
		return nil
	}
	return r.bridge.Stop(ctx, false)
}

// tunnels are those of a session that were started.
type tunnels struct {
	mu  sync.Mutex
	all []*Tunnel
}

func (ts *tunnels) add(t *Tunnel) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.all = append(ts.all, t)
}

// close stops listening, side by side.
func (ts *tunnels) close() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var stopping sync.WaitGroup
	for _, t := range ts.all {
		stopping.Go(func() { _ = t.Stop(context.Background()) })
	}
	stopping.Wait()
}

// Stop ends the tunnel. The service that it leads to goes on.
func (t *Tunnel) Stop(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.running
	t.running = nil
	if r == nil {
		return nil
	}
	return r.close(ctx)
}

// ErrTunnelNotStarted says that a tunnel has no address yet.
var ErrTunnelNotStarted = errors.New("the tunnel has no address before it is started: call start")

// Ports are where a running tunnel listens, and where its ports lead to.
func (t *Tunnel) Ports() (host string, ports []Forward, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == nil {
		return "", nil, ErrTunnelNotStarted
	}
	return tunnelHost, t.running.ports, nil
}

// Up keeps the tunnel open until ctx ends, which is no error, or its service,
// which is one, with the service's last lines.
func (t *Tunnel) Up(ctx context.Context) error {
	if err := t.Start(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	r := t.running
	t.mu.Unlock()
	defer func() { _ = t.Stop(context.WithoutCancel(ctx)) }()
	if r == nil {
		return nil // stopped meanwhile
	}
	select {
	case <-ctx.Done():
		return nil
	case <-r.ended:
		return nil
	case <-r.upstream.ended:
		return t.service.ended(r.upstream)
	}
}
