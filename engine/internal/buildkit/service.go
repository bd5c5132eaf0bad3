package buildkit

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Service is a command that keeps running for others: one instance in a session,
// started when first needed.
type Service struct {
	session *Session
	exec    *execDef
	volumes []*volume     // that travel
	Key     digest.Digest // names the definition: the same in every session
	ServiceOptions

	mu       sync.Mutex
	instance *instance
}

// ServiceOptions describe a service apart from its exec.
type ServiceOptions struct {
	Name  string // for people
	Ports []int
	// Checked says that a health check decides when the service is ready, not its
	// ports. Its failures do not count for StartPeriod.
	Checked     bool
	StartPeriod time.Duration
	// Hint is what may be the reason where it does not start, or "".
	Hint string

	hostname string // "" for one made from the definition
}

// DefineService makes a service of an exec, whose state run is. Equal
// definitions are one service.
func (s *Session) DefineService(ctx context.Context, run llb.State, platform ocispecs.Platform, o ServiceOptions) (*Service, error) {
	def, err := s.define(ctx, run, platform)
	if err != nil {
		return nil, fmt.Errorf("describing service %s: %w", o.Name, err)
	}
	key, err := s.stableDigest(def)
	if err != nil {
		return nil, fmt.Errorf("describing service %s: %w", o.Name, err)
	}
	exec, err := parseExec(def)
	if err != nil {
		return nil, fmt.Errorf("describing service %s: %w", o.Name, err)
	}
	volumes, err := s.volumes.mounted(def, &pb.Op{Inputs: exec.opInputs, Op: &pb.Op_Exec{Exec: exec.op}})
	if err != nil {
		return nil, fmt.Errorf("describing service %s: %w", o.Name, err)
	}
	return s.services.add(&Service{session: s, exec: exec, volumes: volumes, Key: key, ServiceOptions: o}), nil
}

// services are the services of a session.
type services struct {
	mu    sync.Mutex
	byKey map[digest.Digest]*Service
}

// add returns the service with the same definition if there is one. Clients
// start it by asking for its secret, which tells them where it listens: only
// execs that really run do.
func (s *services) add(svc *Service) *Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey == nil {
		s.byKey = map[digest.Digest]*Service{}
	}
	if known := s.byKey[svc.Key]; known != nil {
		return known
	}
	s.byKey[svc.Key] = svc
	svc.session.Secrets.Set(svc.secret(), func(ctx context.Context) ([]byte, error) {
		dir, err := svc.Start(ctx)
		return []byte(dir), err
	})
	return svc
}

// close stops all services, side by side.
func (s *services) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var stopping sync.WaitGroup
	for _, svc := range s.byKey {
		stopping.Go(func() { _ = svc.Stop(context.Background(), false) })
	}
	stopping.Wait()
}

func (s *Service) secret() string { return "bodkin.service." + s.Key.Encoded() }

// Hostname is the service's own name: the one that it was given, or one made
// from its definition.
func (s *Service) Hostname() string {
	if s.hostname != "" {
		return s.hostname
	}
	raw := []byte(s.Key.Encoded())[:8]
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}

// instance is one run of a service.
type instance struct {
	dir       string
	ready     chan struct{} // closed when its ports answer, or its health check has succeeded
	unhealthy chan struct{} // closed when its health check has failed too often
	ended     chan struct{} // closed when it is gone
	stop      chan stopRequest
	ctr       gateway.Container // that it runs in, valid after ready
	failure   error             // valid after ended, nil if it was stopped
	log       *serviceLog
}

type stopRequest struct{ kill bool }

// Start starts the service unless it runs, waits until it is ready and returns
// the folder of its sockets.
func (s *Service) Start(ctx context.Context) (string, error) {
	return s.await(ctx, s.current())
}

// await waits until an instance is ready and returns the folder of its sockets.
func (s *Service) await(ctx context.Context, inst *instance) (string, error) {
	select {
	case <-inst.ready:
		return inst.dir, nil
	case <-inst.ended:
		return "", s.failed(inst)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// say adds a line to the log of the running service.
func (s *Service) say(line string) {
	s.mu.Lock()
	inst := s.instance
	s.mu.Unlock()
	if inst != nil {
		inst.log.line(2, []byte(line))
	}
}

// ended says how an instance that was ready has come to its end.
func (s *Service) ended(inst *instance) error {
	if inst.failure == nil {
		return fmt.Errorf("service %s was stopped", s.Name)
	}
	return fmt.Errorf("service %s has ended: %s%s", s.Name, inst.failure, inst.log.tail())
}

func (s *Service) failed(inst *instance) error {
	reason := inst.failure
	if reason == nil {
		reason = errors.New("it was stopped")
	}
	// The text alone: what kind of error it is would be taken for the client's.
	return fmt.Errorf("service %s did not start: %s%s%s", s.Name, reason, inst.log.tail(), s.hint())
}

func (s *Service) hint() string {
	if s.Hint == "" {
		return ""
	}
	return "\n" + s.Hint
}

// network keeps services on the daemon's host from each other's ports, and from
// those of the host: they are reached through sockets, not addresses. They have
// no network then.
func (s *Service) network() pb.NetMode {
	if s.session.hostNet && s.exec.op.Network == pb.NetMode_UNSET {
		return pb.NetMode_NONE
	}
	return s.exec.op.Network
}

// current returns the running instance, after starting one if there is none.
func (s *Service) current() *instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance != nil {
		select {
		case <-s.instance.ended:
		default:
			return s.instance
		}
	}
	inst := &instance{
		dir: identity.NewID(), stop: make(chan stopRequest, 2),
		ready: make(chan struct{}), unhealthy: make(chan struct{}), ended: make(chan struct{}),
	}
	inst.log = newServiceLog(s)
	inst.log.onReady, inst.log.onUnhealthy = func() { close(inst.ready) }, func() { close(inst.unhealthy) }
	s.instance = inst
	go func() {
		defer close(inst.ended)
		inst.failure = s.run(inst)
		inst.log.end(inst.failure)
	}()
	return inst
}

// Stop asks the service to end and waits until it is gone. kill does not wait
// for it to put things in order.
func (s *Service) Stop(ctx context.Context, kill bool) error {
	s.mu.Lock()
	inst := s.instance
	s.mu.Unlock()
	if inst == nil {
		return nil
	}
	select {
	case inst.stop <- stopRequest{kill}:
	default: // asked twice already
	}
	select {
	case <-inst.ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
