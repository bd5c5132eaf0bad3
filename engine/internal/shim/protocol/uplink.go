package protocol

// UplinkName is the socket below Root from which connections lead through the
// client's session to the machine that the pipeline runs on.
const UplinkName = "uplink"

// UplinkFile is the mount target of that socket.
const UplinkFile = Root + "/" + UplinkName

// UplinkVariable names, as Service.Variable does, the instance that connections
// from the client's machine lead to.
const UplinkVariable = "BODKIN_EXEC_SERVICE_0"

// What travels through an uplink is the bytes of one TCP connection. Towards the
// client's machine they come as they are, and the end of that direction is the
// stream's own. Towards the container they come in frames: a length in
// FrameHeader bytes, the most significant first, and so many bytes. A frame
// without bytes is the end of that direction; without it, the connection has
// failed. Who opens the connection says first to which port it goes, in
// PortHeader bytes; in the direction of the container that is a frame.
const (
	FrameHeader = 4
	PortHeader  = 2
)

// BridgeArgs returns the arguments with which the shim leads connections between
// containers and the client's machine: those that come to the ports in
// Spec.Listen out, as a service of that machine, and, where there are none,
// those from there to the service that UplinkVariable names.
func BridgeArgs(s Spec) []string { return []string{BinaryPath, "bridge", Encode(s)} }
