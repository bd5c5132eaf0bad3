//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// startedFD is where the client that started the supervisor waits for Started.
const startedFD = 3

type supervisor struct {
	cfg    control.Config
	log    *log.Logger
	out    io.Writer // the log, for buildkitd
	net    network
	child  *child
	daemon int // process ID of buildkitd
	leases *leases
	since  time.Time
	phases []control.Phase
}

// supervise reads a Config, starts the daemon, and returns when it has ended and
// nothing of it is left.
func supervise(config io.Reader) error {
	syscall.CloseOnExec(startedFD)
	started := os.NewFile(startedFD, "started")
	var s supervisor
	err := json.NewDecoder(config).Decode(&s.cfg)
	if err == nil {
		err = s.run(func() {
			_ = json.NewEncoder(started).Encode(control.Started{Phases: s.phases})
			started.Close()
		})
	}
	if err != nil && s.since.IsZero() {
		_ = json.NewEncoder(started).Encode(control.Started{Error: err.Error()})
	}
	return err
}

func (s *supervisor) run(ready func()) error {
	logFile, err := openLog(control.LogFile(s.cfg.Dir))
	if err != nil {
		return err
	}
	s.out, s.log = logFile, log.New(logFile, "supervisor: ", log.LstdFlags)
	lock, err := takeLock(control.DaemonLock(s.cfg.Dir), lockPatience)
	if err != nil {
		return err
	}
	defer lock.Close()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)

	if err := s.start(lock); err != nil {
		s.log.Print("start failed: ", err)
		s.cleanUp()
		return err
	}
	listener, err := s.listen()
	if err != nil {
		s.cleanUp()
		return err
	}
	s.since, s.daemon = time.Now(), onlyChildOf(s.child.pid)
	s.leases = newLeases(s.cfg.Idle)
	go s.accept(listener)
	go s.returnMemory()
	s.log.Printf("ready: BuildKit %s, network %s on %s", s.cfg.BuildKit, s.net.Subnet, s.net.Bridge)
	ready()
	err = s.watch(signals)
	listener.Close()
	s.cleanUp()
	return err
}

// lockPatience is how long a daemon that is ending may take to do so.
const lockPatience = 30 * time.Second

// start brings the daemon up to where it answers. What it leaves behind on an
// error is cleanUp's.
func (s *supervisor) start(lock *os.File) error {
	if err := s.phase("clean up what an earlier daemon left", func() error { return clean(s.cfg.Dir) }); err != nil {
		return err
	}
	for _, dir := range []string{control.SocketDir(s.cfg.Dir), control.StateDir(s.cfg.Dir), mountPoint(s.cfg.Dir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("creating a folder of the engine: %w", err)
		}
	}
	var err error
	if s.net, err = chooseNetwork(control.ID(s.cfg.Dir)); err != nil {
		return err
	}
	if err := s.record(); err != nil {
		return err
	}
	if err := s.phase("network", func() error { return s.net.setUp(s.cfg.Root) }); err != nil {
		return err
	}
	if err := s.phase("mounts", func() error { s.child, err = startChild(s, lock); return err }); err != nil {
		return err
	}
	if err := s.record(); err != nil {
		return err
	}
	return s.phase("buildkitd", func() error { return waitReady(control.DaemonSocket(s.cfg.Dir), s.child.ended) })
}

func (s *supervisor) phase(name string, f func() error) error {
	begin := time.Now()
	err := f()
	s.phases = append(s.phases, control.Phase{Name: name, Took: time.Since(begin)})
	return err
}

// watch returns when the daemon has to end or has ended.
func (s *supervisor) watch(signals <-chan os.Signal) error {
	for {
		select {
		case <-s.child.ended:
			s.log.Print("buildkitd ended by itself: ", s.child.err)
			return fmt.Errorf("buildkitd ended by itself: %w", s.child.err)
		case <-s.leases.end:
			s.log.Print("ending: ", s.leases.why)
			s.child.stop()
			return nil
		case sig := <-signals:
			if sig == syscall.SIGTERM || sig == syscall.SIGINT {
				s.leases.stop("signal " + sig.String())
			}
		}
	}
}

// cleanUp runs after the daemon's end, or after a start that failed.
func (s *supervisor) cleanUp() {
	if s.child != nil {
		s.child.kill()
	}
	if err := clean(s.cfg.Dir); err != nil {
		s.log.Print("cleaning up: ", err)
	}
	s.log.Print("ended")
}

// record notes what has to be undone, should nobody be left to do it.
func (s *supervisor) record() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r := control.Record{Tool: self, Root: s.cfg.Root, Supervisor: identify(os.Getpid()), Bridge: s.net.Bridge, Subnet: s.net.Subnet.String()}
	if s.child != nil {
		r.Init = identify(s.child.pid)
	}
	if err := writeJSON(control.RecordFile(s.cfg.Dir), r); err != nil {
		return fmt.Errorf("noting what runs: %w", err)
	}
	return nil
}

// listen opens the lease socket. The lock is held, so a file in its place is
// left over.
func (s *supervisor) listen() (net.Listener, error) {
	path := control.LeaseSocket(s.cfg.Dir)
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening for clients: %w", err)
	}
	for _, socket := range []string{path, control.DaemonSocket(s.cfg.Dir)} {
		if err := os.Chmod(socket, 0o600); err != nil {
			l.Close()
			return nil, fmt.Errorf("restricting %s: %w", filepath.Base(socket), err)
		}
	}
	return l, nil
}
