package buildkit

import (
	"fmt"
	"net"
	"sync"

	"github.com/moby/buildkit/session/sshforward"
)

// sockets are the Unix sockets of this machine that execs may reach.
type sockets struct {
	mu  sync.Mutex
	ids map[string]string // by path
}

// UnixSocket offers a Unix socket of this machine to execs, and returns the ID by
// which they ask for it. It is part of their cache keys, so it counts the sockets
// of the session and does not hold the path: that of an agent is another one
// after each login.
func (s *Session) UnixSocket(path string) string {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	if id := s.sockets.ids[path]; id != "" {
		return id
	}
	if s.sockets.ids == nil {
		s.sockets.ids = map[string]string{}
	}
	id := fmt.Sprintf("bodkin.socket.%d", len(s.sockets.ids)+1)
	s.sockets.ids[path] = id
	s.uplinks.handle(id, func(u *uplink) error {
		var dialer net.Dialer
		conn, err := dialer.DialContext(u.stream.Context(), "unix", path)
		if err != nil {
			return fmt.Errorf("connecting to a socket of the host: %w", err)
		}
		return sshforward.Copy(u.stream.Context(), conn, u.stream, nil)
	})
	return id
}
