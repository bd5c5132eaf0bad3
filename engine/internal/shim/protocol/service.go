package protocol

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

// MarkerReady is the line on stderr with which the shim of a service says that
// all its ports answer, but for those that nobody waits for.
const MarkerReady = "bodkin-shim: ready"

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
