package protocol

// NetDir is the mount that services and their clients share: each instance of a
// service has a folder there, with one Unix socket for each of its ports. Any
// user may write to it.
const NetDir = Root + "/net"

// ServiceVariable is the environment variable that tells a service its
// instance's folder. It differs from run to run and is no part of definitions.
const ServiceVariable = "BODKIN_EXEC_INSTANCE"

// MarkerReady opens the line on stderr with which the shim of a service says
// that all its ports answer.
const MarkerReady = "bodkin-shim: ready"

// Service is a service that an exec uses. The shim listens on the exec's
// loopback and passes connections on.
type Service struct {
	Address string `json:"address"` // 127.x.y.z
	Ports   []int  `json:"ports"`
	// Variable is the environment variable that names the folder of the
	// instance's sockets. The command does not see it.
	Variable string `json:"variable"`
}

// ServeArgs returns the arguments with which a service's command runs under the
// shim.
func ServeArgs(s Spec, command ...string) []string {
	return append([]string{BinaryPath, "serve", Encode(s), "--"}, command...)
}
