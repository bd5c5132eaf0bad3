package control

import "time"

// Op is what a client asks for in a Request.
type Op string

const (
	// OpLease keeps the daemon alive until the connection is closed.
	OpLease Op = "lease"
	// OpStatus asks for Info only.
	OpStatus Op = "status"
	// OpStop ends the daemon, whoever uses it.
	OpStop Op = "stop"
)

// Request is the one JSON value a client sends on a connection.
type Request struct {
	Op Op
	// Version is the Config.Version the client would start. A daemon of another
	// version that nobody uses ends, so that the client can start its own.
	Version string
	// Idle replaces Config.Idle from now on; only with OpLease.
	Idle time.Duration
}

// Reply is the one JSON value the supervisor answers with. A connection that is
// closed without a reply means that the daemon is ending.
type Reply struct {
	// Ending is set when the daemon ends because of this request.
	Ending bool
	Info   Info
}

// Info describes a running daemon.
type Info struct {
	// Version and BuildKit are those of Config.
	Version, BuildKit string
	// Supervisor and Buildkitd are process IDs on the host.
	Supervisor, Buildkitd int
	// Since is when the daemon became ready.
	Since time.Time
	// Clients is the number of leases.
	Clients int
	// Idle is how long the daemon stays without one.
	Idle time.Duration
	// Bridge and Subnet are the network of the steps.
	Bridge, Subnet string
}

// Started is what a new supervisor writes, as one JSON value, to file descriptor
// 3: that it is ready, or why it is not.
type Started struct {
	Error string
	// Phases is how long each part of the start took.
	Phases []Phase
}

// Phase is one timed part of a start.
type Phase struct {
	Name string
	Took time.Duration
}

// Record is what must be undone after a daemon that could not do so itself.
type Record struct {
	// Tool is the supervisor's executable, which knows how to.
	Tool string
	// Root is the engine root, which holds iptables.
	Root string
	// Supervisor and Init are the processes that may be alive.
	Supervisor, Init Process
	// Bridge and Subnet are the network of the steps.
	Bridge, Subnet string
}

// Process is a process that is not mistaken for a later one with the same ID.
type Process struct {
	PID int
	// Start is the time since boot at which it started, in clock ticks.
	Start uint64
}
