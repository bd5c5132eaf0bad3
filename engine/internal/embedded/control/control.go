// Package control holds what a client and the supervisor of the embedded engine
// say to each other, and where in the state folder things are. Start with Config,
// which a client hands to the supervisor it starts.
package control

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"time"
)

// Config is given to a new supervisor as JSON on its standard input.
type Config struct {
	// Dir is the state folder; see the functions below for what is in it.
	Dir string
	// Root is the engine root that holds the daemon's userland.
	Root string
	// Buildkitd is the path of the daemon's executable.
	Buildkitd string
	// Version names this combination of daemon, supervisor, root and settings.
	Version string
	// BuildKit is the BuildKit release of the daemon, such as "v0.33.1".
	BuildKit string
	// Registries is TOML with [registry] tables, appended to the daemon's
	// configuration.
	Registries string
	// Files maps paths in the engine root to host files or folders that are
	// copied there at each start.
	Files map[string]string
	// CABundle is the host's certificate bundle; empty for the one of the root.
	CABundle string
	// Env is added to the daemon's environment: the host's proxy settings.
	Env []string
	// Idle is how long a daemon without a lease stays.
	Idle time.Duration
}

// SocketDir is the host folder of both sockets. It is in the state folder unless
// that makes an address longer than the kernel takes (108 bytes).
func SocketDir(dir string) string {
	if in := filepath.Join(dir, "run"); len(filepath.Join(in, daemonSocket)) < 108 {
		return in
	}
	return filepath.Join("/run", "bodkin-"+ID(dir))
}

const (
	daemonSocket = "buildkitd.sock"
	leaseSocket  = "lease.sock"
)

// DaemonSocket is where buildkitd listens.
func DaemonSocket(dir string) string { return filepath.Join(SocketDir(dir), daemonSocket) }

// LeaseSocket is where the supervisor listens.
func LeaseSocket(dir string) string { return filepath.Join(SocketDir(dir), leaseSocket) }

// StateDir is BuildKit's own state: layers, cache records, build history.
func StateDir(dir string) string { return filepath.Join(dir, "buildkit") }

// LogFile is the current log; LogFile + ".1" is the one before.
func LogFile(dir string) string { return filepath.Join(dir, "engine.log") }

// DaemonLock is held for as long as a supervisor, or the process it started in
// the engine's namespaces, lives.
func DaemonLock(dir string) string { return filepath.Join(dir, "daemon.lock") }

// RecordFile holds a Record while there is something to clean up.
func RecordFile(dir string) string { return filepath.Join(dir, "daemon.json") }

// ID tells daemons with different state folders apart. It names the bridge and
// the control groups.
func ID(dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return hex.EncodeToString(sum[:4])
}
