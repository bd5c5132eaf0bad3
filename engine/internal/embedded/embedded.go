// Package embedded runs BuildKit on this machine where nothing else does: it
// builds buildkitd with the user's Go toolchain, lays out the programs buildkitd
// needs in a folder of their own, and shares one daemon between all clients of a
// state folder. Start is the function to call first.
//
// The daemon is started by whoever needs it first and ends when nobody has used
// it for a while. A client holds a lease, which is a connection to the daemon's
// supervisor: the kernel closes it when the client dies, in whatever way.
package embedded

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// IdleEnv names the environment variable that says how long a daemon without
// clients stays, as a Go duration such as "30s" or "2h". With "0" it ends with its
// last client. The client that came last decides.
const IdleEnv = "BODKIN_ENGINE_IDLE"

// DefaultIdle is how long a daemon without clients stays.
const DefaultIdle = 10 * time.Minute

// Options of Start; the zero value is the recommended set-up.
type Options struct {
	// Dir is the state folder, which identifies the daemon; default: engine/ in
	// Bodkin's cache folder.
	Dir string
	// Log receives what happens; default: nothing is logged.
	Log *log.Logger
	// Progress receives the lines about a set-up, which may take minutes, in place
	// of Log.
	Progress io.Writer
}

// Daemon is a lease on a running daemon.
type Daemon struct {
	dir  string
	conn net.Conn
}

// Start joins the daemon of the state folder, or sets up what is missing and
// starts it. The daemon stays at least until Close.
//
// Errors: *UnsupportedError where this machine or user cannot run the engine,
// *StartError where the daemon does not come up, and those of the set-up:
// *gobuild.ToolchainError, *gobuild.CompileError and the errors of package
// debian.
func Start(ctx context.Context, opts Options) (*Daemon, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	s, err := newStarter(opts)
	if err != nil {
		return nil, err
	}
	d, err := s.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the embedded engine: %w", err)
	}
	return d, nil
}

// Address is where BuildKit's client finds the daemon: unix:// and a path.
func (d *Daemon) Address() string { return address(d.dir) }

// goodbyePatience bounds how long Close waits for the supervisor.
const goodbyePatience = 300 * time.Millisecond

// Close gives the lease back. When it returns, the engine does not count this
// client any more, unless it was too busy to say so.
func (d *Daemon) Close() error {
	if conn, ok := d.conn.(*net.UnixConn); ok && conn.CloseWrite() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(goodbyePatience))
		_, _ = io.Copy(io.Discard, conn)
	}
	return d.conn.Close()
}

func address(dir string) string { return "unix://" + control.DaemonSocket(dir) }

// stateDir makes the state folder of an option absolute, without creating it.
func stateDir(dir string) (string, error) {
	if dir == "" {
		return cachedir.Path("engine")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("locating the engine's state folder: %w", err)
	}
	return abs, nil
}

func idleTime() (time.Duration, error) {
	v := os.Getenv(IdleEnv)
	if v == "" {
		return DefaultIdle, nil
	}
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s is %q, which is not a duration such as 90s, 10m or 0", IdleEnv, v)
	}
	return d, nil
}
