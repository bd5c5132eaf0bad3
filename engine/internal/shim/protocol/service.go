package protocol

import "time"

// NetName is the folder below Root where services and their clients meet.
const NetName = "net"

// NetDir is the mount that services and their clients share: each instance of a
// service has a folder there, with a Unix socket for each of its ports, named by
// the port in decimal, which programs that speak Unix sockets may use directly.
// Beside it is one through which the shims hand TCP connections over. Any user
// may write to NetDir.
const NetDir = Root + "/" + NetName

// ServiceVariable is the environment variable that tells a service its
// instance's folder: its path, or its name in NetDir. No two runs of any service
// have the same. It is no part of definitions, and the command does not see it.
const ServiceVariable = "BODKIN_EXEC_INSTANCE"

// What the shim of a service says on stderr about its health, one line each.
const (
	// MarkerReady: all ports answer, but for those that nobody waits for, or the
	// health check has succeeded.
	MarkerReady = "bodkin-shim: ready"
	// MarkerUnready opens a line with what a failed health check has written, in
	// Go's quotes. The next check follows.
	MarkerUnready = "bodkin-shim: not ready: "
	// MarkerUnhealthy is MarkerUnready of the last check: it has failed too often.
	MarkerUnhealthy = "bodkin-shim: unhealthy: "
)

// Check is a command that tells whether a service is healthy: by exit code 0. It
// runs in the service's container as the service's user, until it succeeds for
// the first time.
type Check struct {
	Command []string `json:"command"`
	// Timeout is how long one run may take.
	Timeout time.Duration `json:"timeout"`
	// StartPeriod is how long no failure counts, Interval how long after that, or
	// after the last failure that counted, the next one does. The service is
	// unhealthy after Retries of them.
	StartPeriod time.Duration `json:"startPeriod,omitempty"`
	Interval    time.Duration `json:"interval"`
	Retries     int           `json:"retries"`
	// MaxPause bounds the growing pauses between runs.
	MaxPause time.Duration `json:"maxPause"`
}

// MarkerWaiting opens a line on stderr that says what keeps the shim from
// starting its command for now.
const MarkerWaiting = "bodkin-shim: waiting: "

// Service is a service that an exec uses. The shim listens on the exec's
// loopback and passes connections on.
type Service struct {
	Address string `json:"address"` // 127.x.y.z
	Ports   []int  `json:"ports"`
	// Variable is the environment variable that names the folder of the
	// instance's sockets as ServiceVariable does. The command does not see it.
	Variable string `json:"variable"`
}

// ServeArgs returns the arguments with which a service's command runs under the
// shim. Its exit status is the command's; Expect, Stdout and Stderr of the spec
// do not count.
func ServeArgs(s Spec, command ...string) []string {
	return append([]string{BinaryPath, "serve", Encode(s), "--"}, command...)
}
