// Package buildkit drives one stock BuildKit daemon for the length of one
// session: it evaluates LLB, reads what came out, and serves the daemon what it
// asks the client for (host folders, secrets, image archives, registry logins).
// Start with Open.
package buildkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	_ "github.com/moby/buildkit/client/connhelper/dockercontainer" // docker-container:// addresses
	_ "github.com/moby/buildkit/client/connhelper/kubepod"         // kube-pod:// addresses
	_ "github.com/moby/buildkit/client/connhelper/ssh"             // ssh:// addresses
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/worker/label"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
	"github.com/bodkin-ci/bodkin/internal/registry"
)

// dialTimeout bounds how long an engine's address may take to answer.
const dialTimeout = 10 * time.Second

// Options of a session.
type Options struct {
	// Progress gets every status update of the session, in order, from one
	// goroutine. It may be nil.
	Progress func(*client.SolveStatus)
	// BuildShim returns the path of the exec shim for a Linux architecture and
	// the digest of its content.
	BuildShim func(ctx context.Context, arch string) (path, digest string, err error)
	// HostCA is the host's bundle of certificate authorities in PEM, or nil.
	HostCA []byte
	// ServicePatience is how long a service may take, once its command runs, until
	// it is ready: so long after its start period. 0 is 60 s.
	ServicePatience time.Duration
	// Terminal is where commands that people type into run.
	Terminal *terminal.Terminal
	// Shell returns the path of a shell for a Linux architecture, a single file that
	// is called busybox and is one, for containers that have none.
	Shell func(ctx context.Context, arch string) (path string, err error)
	// Matching says that the daemon is of this client's release of BuildKit, and allows
	// all that it can: what it can do is not asked.
	Matching bool
	// Interactive opens a shell on Terminal in the container of an exec that failed.
	Interactive bool
	// Volumes says where cache volumes are kept beyond the daemon.
	Volumes VolumeOptions
	// Layers says where results of steps are kept beyond the daemon.
	Layers LayerCache
}

// Session is an open session on a BuildKit daemon. It is safe for concurrent use.
type Session struct {
	client   *client.Client
	sess     *session.Session
	address  string
	platform ocispecs.Platform
	workerID string
	hostNet  bool // execs are on the network of the daemon's host
	features *features
	docker   *dockerDaemon
	options  Options

	Secrets *Secrets
	Stores  *Stores
	// Logins are those for registries, of the daemon and of Registry.
	Logins *registry.Logins
	// Registry is for what the client does with registries itself.
	Registry *registry.Client

	auth     session.Attachable
	uplinks  uplinks
	dirs     *hostDirs
	pins     *pins
	progress *progress
	shims    *shims
	services services
	sockets  sockets
	tunnels  tunnels
	failures failures
	volumes  *travelling
	outputs  *outputs
	layers   *layers

	stop func() error
}

// Open connects to the BuildKit daemon at address (unix://, tcp://,
// docker-container://, kube-pod:// or ssh://) and starts a session there. An
// address that does not answer within 10 s is an AddressError.
func Open(ctx context.Context, address string, opts Options) (*Session, error) {
	c, err := dial.BuildKit(ctx, address)
	if err != nil {
		return nil, &AddressError{Address: address, Err: err}
	}
	w, err := worker(ctx, c)
	if err != nil {
		_ = c.Close()
		if ctx.Err() != nil {
			return nil, fmt.Errorf("connecting to %s: %w", address, context.Cause(ctx))
		}
		return nil, &AddressError{Address: address, Err: err}
	}
	var inDocker *dockerDaemon
	if dial.IsDocker(address) {
		if inDocker, err = openDocker(ctx, address); err != nil {
			_ = c.Close()
			return nil, &AddressError{Address: address, Err: err}
		}
		// Steps are on Docker's bridge, whatever the label says, and older releases call
		// every worker "moby".
		w.hostNet, w.id = false, "docker:"+inDocker.id
	}
	s := &Session{
		client: c, address: address, platform: w.platform, workerID: w.id, hostNet: w.hostNet, options: opts,
		Secrets: newSecrets(), Stores: newStores(), dirs: newHostDirs(), outputs: newOutputs(),
	}
	s.docker = inDocker
	s.features = allFeatures()
	if !opts.Matching {
		s.features = askFeatures(context.WithoutCancel(ctx), c)
	}
	s.progress = newProgress(opts.Progress, newMasking(s.Secrets))
	s.pins = &pins{session: s}
	s.shims = &shims{session: s, installed: map[string]*shimState{}}
	s.volumes = &travelling{session: s, byName: map[string]*volume{}, byExec: map[string][]*volume{}}
	s.Secrets.running = func(ctx context.Context, exec string) {
		s.outputs.runs(exec)
		s.volumes.running(ctx, exec)
	}
	s.layers = newLayers(s)
	if err := s.serve(); err != nil {
		_ = c.Close()
		return nil, err
	}
	return s, nil
}

// serve attaches what the daemon may ask for and keeps the session's
// connection open until Close.
func (s *Session) serve() error {
	config, err := registry.ReadConfig()
	if err != nil {
		return err
	}
	s.Logins = registry.NewLogins(os.Stderr)
	s.Registry = registry.New(config, s.Logins)
	s.auth = newAuth(s.Logins, config)
	s.sess, s.stop, err = s.start(sharedKey(), filesync.NewFSSyncProvider(s.dirs), &s.uplinks)
	return err
}

// start opens a session at the daemon, which finds there what it may ask for in any
// session, and more. It lasts until end is called.
func (s *Session) start(sharedKey string, more ...session.Attachable) (sess *session.Session, end func() error, err error) {
	ctx, stop := context.WithCancel(context.Background())
	if sess, err = session.NewSession(ctx, sharedKey); err != nil {
		stop()
		return nil, nil, fmt.Errorf("creating a session: %w", err)
	}
	for _, a := range slices.Concat(s.credentials(), more, []session.Attachable{s.Stores.attachable()}) {
		sess.Allow(a)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = sess.Run(ctx, s.client.Dialer())
	}()
	return sess, func() error {
		err := sess.Close()
		stop()
		<-served
		return err
	}, nil
}

// credentials are what any session of a build may be asked for.
func (s *Session) credentials() []session.Attachable {
	return []session.Attachable{secretsprovider.NewSecretProvider(s.Secrets), s.auth}
}

// sharedKey tells the daemon whose host folders these are, so that it syncs a
// folder again only from the machine that sent it.
func sharedKey() string {
	name, err := os.Hostname()
	if err != nil {
		return "bodkin"
	}
	return "bodkin:" + name
}

// Close ends the session, giving back everything the daemon held for it.
func (s *Session) Close() error {
	s.tunnels.close()
	s.services.close()
	s.volumes.save()
	s.layers.save()
	s.pins.close()
	closeErr := s.stop()
	s.progress.close()
	return errors.Join(closeErr, s.client.Close(), s.docker.close())
}

// Address is the daemon's address.
func (s *Session) Address() string { return s.address }

// Platform is the platform of the daemon's worker: where steps run by default.
func (s *Session) Platform() ocispecs.Platform { return s.platform }

// Client is the connection to the daemon.
func (s *Session) Client() *client.Client { return s.client }

// ID is the session's ID at the daemon.
func (s *Session) ID() string { return s.sess.ID() }

// workerInfo is what a session needs to know of the daemon's first worker. The
// ID lasts as long as the daemon's state folder.
type workerInfo struct {
	platform ocispecs.Platform
	id       string
	hostNet  bool
}

func worker(ctx context.Context, c *client.Client) (workerInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	workers, err := c.ListWorkers(ctx)
	if err != nil {
		return workerInfo{}, err
	}
	for _, w := range workers {
		if len(w.Platforms) > 0 {
			return workerInfo{platforms.Normalize(w.Platforms[0]), w.ID, w.Labels[label.Network] == "host"}, nil
		}
	}
	return workerInfo{platform: ocispecs.Platform{OS: "linux", Architecture: runtime.GOARCH}}, nil
}

// AddressError says that no BuildKit daemon answered at an address.
type AddressError struct {
	Address string
	Err     error
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("no BuildKit answers at %s: %s (check the address given with --engine or BUILDKIT_HOST)",
		e.Address, strings.TrimSpace(e.Err.Error()))
}

func (e *AddressError) Unwrap() error { return e.Err }
