// Package engine gives a pipeline something to run on: Connect returns an
// ordinary client of the Dagger SDK, whatever is there to run containers.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/engine/internal/api"
	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/shell"
	"github.com/bodkin-ci/bodkin/engine/internal/shim"
	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
)

// Connect returns a client on an engine, in this order:
//
//   - the one that WithAddress names;
//   - a Dagger session that is there already (DAGGER_SESSION_PORT);
//   - the BuildKit daemon at BUILDKIT_HOST;
//   - the BuildKit within the Docker daemon at DOCKER_HOST, or of DOCKER_CONTEXT;
//   - BuildKit embedded in the cache folder, set up when first needed (Linux, as root);
//   - where that cannot run, the BuildKit within the Docker of the context in use, or
//     at Docker's default socket.
//
// For all but a Dagger session the API is served within this process, without
// opening a port. Close the client to give everything back.
//
// Errors: *AddressError for an address that cannot be understood, and those
// that say which daemon does not answer and what to do about it.
func Connect(ctx context.Context, opts ...Option) (*dagger.Client, error) {
	cfg := newConfig(opts)
	conn, err := open(ctx, cfg)
	switch {
	case err != nil:
		return nil, err
	case conn == nil:
		return connectDagger(ctx, cfg)
	}
	return dagger.Connect(ctx, dagger.WithConn(conn))
}

// open opens a session on the engine of choice. It is nil for a Dagger engine, which
// has its own.
func open(ctx context.Context, cfg config) (*connection, error) {
	chosen, err := choose(cfg.address, os.Getenv)
	if err != nil {
		return nil, err
	}
	cfg.log.Info("engine", "use", chosen.engine, "because", chosen.why)
	if cfg.interactive {
		if err := mayInteract(cfg, chosen.engine); err != nil {
			return nil, err
		}
	}
	if chosen.engine == Dagger {
		return nil, nil
	}
	return serve(ctx, cfg, chosen.engine)
}

// serve opens a session on BuildKit and puts the API in front of it.
func serve(ctx context.Context, cfg config, engine string) (*connection, error) {
	api.Prepare()
	conn := &connection{}
	matching := engine == Embedded
	if matching {
		daemon, err := embedded.Start(ctx, embedded.Options{Log: cfg.log})
		if err != nil {
			return nil, fmt.Errorf("starting the embedded engine: %w", err)
		}
		conn.daemon, engine = daemon, daemon.Address()
	}
	travelling, err := cfg.volumes.options(cfg)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the store of cache volumes: %w", err), conn.Close())
	}
	layers, err := cfg.layers.options(cfg)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	session, err := buildkit.Open(ctx, engine, buildkit.Options{
		Progress: cfg.progress,
		Volumes:  travelling,
		Layers:   layers,
		BuildShim: func(ctx context.Context, arch string) (string, string, error) {
			return shim.Build(ctx, arch, cfg.log)
		},
		HostCA:          hostCA(),
		Matching:        matching,
		ServicePatience: cfg.servicePatience,
		Terminal:        terminal.New(terminal.Options(cfg.terminal)),
		Interactive:     cfg.interactive,
		Shell: func(ctx context.Context, arch string) (string, error) {
			return shell.Fetch(ctx, arch, cfg.log)
		},
	})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	server, err := api.New(session)
	if err != nil {
		return nil, errors.Join(err, session.Close(), conn.Close())
	}
	conn.Server = server
	return conn, nil
}

// connection is the SDK's connection to the server within this process, with
// the lease on the daemon behind it.
type connection struct {
	*api.Server
	daemon *embedded.Daemon
	closed atomic.Bool
}

// Close ends the session and gives the daemon's lease back. Closing again does
// nothing.
func (c *connection) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	var errs []error
	if c.Server != nil {
		errs = append(errs, c.Server.Close())
	}
	if c.daemon != nil {
		errs = append(errs, c.daemon.Close())
	}
	return errors.Join(errs...)
}

func connectDagger(ctx context.Context, cfg config) (*dagger.Client, error) {
	if cfg.volumes.Store != "" {
		cfg.log.Warn("a Dagger engine keeps its cache volumes itself: they are not restored and not saved", "store", cfg.volumes.Store)
	}
	c, err := dagger.Connect(ctx, dagger.WithLogOutput(os.Stderr))
	if err != nil {
		return nil, fmt.Errorf("connecting to a Dagger engine: %w", err)
	}
	return c, nil
}
