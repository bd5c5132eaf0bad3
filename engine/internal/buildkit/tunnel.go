package buildkit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
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
		return errors.Join(err, r.close(ctx, t))
	}
	if err := r.open(ctx, t); err != nil {
		return errors.Join(err, r.close(ctx, t))
	}
	t.running = r
	t.session.tunnels.add(t)
	return nil
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
	return r.close(ctx, t)
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
	case <-r.crossing.ended:
		if r.crossing.failure == nil {
			return nil // it was stopped
		}
		return r.bridge.ended(r.crossing)
	}
}
