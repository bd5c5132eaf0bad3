package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// starter is one attempt to get a lease.
type starter struct {
	dir      string
	idle     time.Duration
	settings settings
	version  string
	log      *log.Logger // what happens
	setupLog *log.Logger // what a set-up does
}

func newStarter(opts Options) (*starter, error) {
	dir, err := stateDir(opts.Dir)
	if err != nil {
		return nil, err
	}
	idle, err := idleTime()
	if err != nil {
		return nil, err
	}
	settings, err := hostSettings()
	if err != nil {
		return nil, err
	}
	version, err := settings.version()
	if err != nil {
		return nil, err
	}
	s := &starter{dir: dir, idle: idle, settings: settings, version: version, log: opts.Log}
	if s.log == nil {
		s.log = log.New(io.Discard)
	}
	s.setupLog = s.log
	if opts.Progress != nil {
		s.setupLog = log.New(opts.Progress)
	}
	return s, nil
}

// start joins or starts the daemon. A daemon may end between any two steps, so
// both are tried again; each failed round means that another daemon came and
// went.
func (s *starter) start(ctx context.Context) (*Daemon, error) {
	const rounds = 5
	var err error
	for range rounds {
		var d *Daemon
		if d, err = s.join(ctx); err == nil {
			return d, nil
		}
		if !errors.Is(err, errNotRunning) {
			return nil, err
		}
		if d, err = s.startNew(ctx); err == nil {
			return d, nil
		}
		if !errors.Is(err, errNotRunning) {
			return nil, err
		}
	}
	return nil, err
}

// startNew sets up, then starts the daemon unless somebody else just did.
func (s *starter) startNew(ctx context.Context) (*Daemon, error) {
	parts, err := setUp(ctx, s.setupLog)
	if err != nil {
		return nil, err
	}
	unlock, err := cachedir.Lock(ctx, filepath.Join(s.dir, "start.lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if d, err := s.join(ctx); err == nil || !errors.Is(err, errNotRunning) {
		return d, err
	}
	begin := time.Now()
	phases, err := s.launch(ctx, parts)
	if err != nil {
		return nil, err
	}
	for _, p := range phases {
		s.log.Debug("engine start: "+p.Name, "took", p.Took.Round(time.Millisecond))
	}
	s.log.Info("started the embedded engine", "buildkit", buildKitVersion(), "took", time.Since(begin).Round(time.Millisecond), "state", s.dir)
	d, err := s.join(ctx)
	if errors.Is(err, errNotRunning) {
		return nil, fmt.Errorf("the daemon ended right after its start: %w", err)
	}
	return d, err
}
