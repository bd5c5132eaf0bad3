//go:build linux

package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// leases decides when the daemon ends. A lease that was granted is never cut
// short by the idle end: both happen under mu.
type leases struct {
	mu       sync.Mutex
	n        int
	idle     time.Duration
	deadline time.Time // of the idle end, while n is 0
	ended    bool
	why      string        // set before end is closed
	end      chan struct{} // closed when the daemon has to end
}

// firstLease is how long the client that started the daemon may take to ask for
// its lease, however short the idle time is.
const firstLease = 30 * time.Second

func newLeases(idle time.Duration) *leases {
	l := &leases{idle: idle, end: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waitFor(max(idle, firstLease))
	return l
}

// waitFor arms the idle end; mu is held.
func (l *leases) waitFor(d time.Duration) {
	l.deadline = time.Now().Add(d)
	time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.n == 0 && !time.Now().Before(l.deadline) {
			l.finish("nobody has used the engine for " + l.idle.String())
		}
	})
}

// finish makes the daemon end; mu is held.
func (l *leases) finish(why string) {
	if !l.ended {
		l.ended, l.why = true, why
		close(l.end)
	}
}

// take grants a lease, unless the daemon is ending already.
func (l *leases) take(idle time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.n, l.idle = l.n+1, idle
	return true
}

func (l *leases) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n--
	switch {
	case l.n > 0:
	case l.idle <= 0:
		l.finish("the last client has gone")
	default:
		l.waitFor(l.idle)
	}
}

// endUnused makes way for another version, unless somebody uses this one.
func (l *leases) endUnused() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n > 0 {
		return false
	}
	l.finish("a client wants another version")
	return true
}

func (l *leases) stop(why string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finish(why)
}

func (l *leases) count() (clients int, idle time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n, l.idle
}

func (s *supervisor) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go s.serve(conn)
	}
}

// requestPatience bounds how long a client may take to say what it wants.
const requestPatience = 10 * time.Second

func (s *supervisor) serve(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(requestPatience))
	var req control.Request
	if json.NewDecoder(conn).Decode(&req) != nil {
		return
	}
	switch req.Op {
	case control.OpStatus:
		s.reply(conn, false)
	case control.OpStop:
		s.reply(conn, true)
		s.leases.stop("a client asked for it")
	case control.OpLease:
		s.lease(conn, req)
	}
}

func (s *supervisor) lease(conn net.Conn, req control.Request) {
	if req.Version != s.cfg.Version && s.leases.endUnused() {
		s.reply(conn, true)
		return
	}
	if !s.leases.take(req.Idle) {
		return
	}
	defer s.leases.release()
	refreshHostFiles(s.child.root())
	s.reply(conn, false)
	// The client says nothing more: what ends the read is its end.
	_ = conn.SetReadDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, conn)
}

func (s *supervisor) reply(conn net.Conn, ending bool) {
	clients, idle := s.leases.count()
	_ = json.NewEncoder(conn).Encode(control.Reply{Ending: ending, Info: control.Info{
		Version: s.cfg.Version, BuildKit: s.cfg.BuildKit,
		Supervisor: os.Getpid(), Buildkitd: s.daemon,
		Since: s.since, Clients: clients, Idle: idle,
		Bridge: s.net.Bridge, Subnet: s.net.Subnet.String(),
	}})
}
