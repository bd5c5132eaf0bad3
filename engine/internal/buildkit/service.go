package buildkit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// defaultPatience is that of Options.ServicePatience.
const defaultPatience = 60 * time.Second

// stopPatience is how long a service may take to end once it was asked to.
const stopPatience = 10 * time.Second

// Service is a command that keeps running for others: one instance in a session,
// started when first needed.
type Service struct {
	session *Session
	exec    *execDef
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
	def, err := run.Marshal(ctx, llb.Platform(platform))
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
	return s.services.add(&Service{session: s, exec: exec, Key: key, ServiceOptions: o}), nil
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

// address is where a client finds the service: on its own loopback. Clients
// have addresses of their own, since on some engines they share one loopback.
func (s *Service) address(client string) net.IP {
	sum := sha256.Sum256([]byte(s.Key.String() + client))
	// 127.0.0.x is left to what programs choose themselves.
	return net.IPv4(127, 1+sum[0]%254, sum[1], 1+sum[2]%254)
}

// Binding gives an exec a service under names. client tells execs apart; index
// tells the bindings of one exec apart.
func (s *Service) Binding(client string, index int, names ...string) (protocol.Service, []llb.RunOption) {
	address := s.address(client)
	variable := fmt.Sprintf("BODKIN_EXEC_SERVICE_%d", index)
	opts := []llb.RunOption{
		netMount(),
		llb.AddSecretWithDest(s.secret(), nil, llb.SecretAsEnvName(variable)),
	}
	names = append(names, s.Hostname())
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		opts = append(opts, llb.AddExtraHost(name, address))
	}
	return protocol.Service{Address: address.String(), Ports: s.Ports, Variable: variable}, opts
}

// netMount is the cache mount in which the sockets of services lie. Any user may
// offer some there.
func netMount() llb.RunOption {
	const folder = "/net"
	open := llb.Scratch().File(llb.Mkdir(folder, 0o777), llb.WithCustomName("[internal] make folder for sockets"))
	return llb.AddMount(protocol.NetDir, open, llb.SourcePath(folder), llb.AsPersistentCacheDir("bodkin-net", llb.CacheMountShared))
}

// ServiceMounts are the mounts that a service needs for its shim.
func ServiceMounts(arch string) []llb.RunOption {
	return append(ShimMounts(arch), netMount())
}

// instance is one run of a service.
type instance struct {
	dir       string
	ready     chan struct{} // closed when its ports answer, or its health check has succeeded
	unhealthy chan struct{} // closed when its health check has failed too often
	ended     chan struct{} // closed when it is gone
	stop      chan stopRequest
	failure   error // valid after ended, nil if it was stopped
	log       *serviceLog
}

type stopRequest struct{ kill bool }

// Start starts the service unless it runs, waits until it is ready and returns
// the folder of its sockets.
func (s *Service) Start(ctx context.Context) (string, error) {
	inst := s.current()
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

// run is an instance from its start to its end.
func (s *Service) run(inst *instance) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	arch := s.exec.platform.GetArchitecture()
	if err := s.session.shims.ready(ctx, arch); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, inst)
		if err == nil || !inst.log.lackedShim() || attempt > maxShimInstalls {
			return err
		}
		if err := s.session.shims.install(ctx, arch); err != nil {
			return err
		}
	}
}

func (s *Service) attempt(ctx context.Context, inst *instance) error {
	var result error
	_, err := s.session.Gateway(ctx, func(ctx context.Context, gw gateway.Client) error {
		result = s.runIn(ctx, gw, inst)
		return nil
	})
	return errors.Join(result, err)
}

func (s *Service) runIn(ctx context.Context, gw gateway.Client, inst *instance) error {
	ctr, err := s.exec.container(ctx, gw, s.network())
	if err != nil {
		return clean(err)
	}
	defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
	req := s.exec.start(protocol.ServiceVariable + "=" + path.Join(protocol.NetDir, inst.dir))
	req.Stdout, req.Stderr = inst.log.stdout(), inst.log.stderr()
	proc, err := ctr.Start(ctx, req)
	if err != nil {
		return clean(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- proc.Wait() }()
	patience := time.NewTimer(s.patience())
	defer patience.Stop()
	ready, tooLate := inst.ready, patience.C
	for {
		select {
		case err := <-exited:
			return exitReason(err)
		case request := <-inst.stop:
			stopProcess(ctx, proc, exited, inst.stop, request)
			return nil
		case <-ready:
			ready, tooLate = nil, nil
		case <-inst.unhealthy:
			stopProcess(ctx, proc, exited, inst.stop, stopRequest{})
			return errors.New("it is unhealthy")
		case <-tooLate:
			stopProcess(ctx, proc, exited, inst.stop, stopRequest{})
			return s.neverReady()
		}
	}
}

// neverReady says what nobody has seen.
func (s *Service) neverReady() error {
	if s.Checked {
		return fmt.Errorf("its health check did not succeed within %s", s.patience())
	}
	return fmt.Errorf("its ports %v did not answer within %s", s.Ports, s.patience())
}

// patience is how long the service may take until it is ready.
func (s *Service) patience() time.Duration {
	return cmp.Or(s.session.options.ServicePatience, defaultPatience) + s.StartPeriod
}

// stopProcess asks a process to end, and makes it end if it does not.
func stopProcess(ctx context.Context, proc gateway.ContainerProcess, exited <-chan error, more <-chan stopRequest, request stopRequest) {
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	if !request.kill {
		_ = proc.Signal(ctx, syscall.SIGTERM)
		select {
		case <-exited:
			return
		case <-patience.C:
		case <-more:
		}
	}
	_ = proc.Signal(ctx, syscall.SIGKILL)
	<-exited
}

// exitReason says how a service that nobody has stopped came to its end.
func exitReason(err error) error {
	if err == nil {
		return errors.New("its command ended with exit code 0")
	}
	return clean(err)
}
