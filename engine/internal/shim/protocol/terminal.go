package protocol

// ShellName is the folder below Root where a shell is mounted that is brought
// along to a container without one.
const ShellName = "shell"

// ShellDir holds the shell and its tools.
const ShellDir = Root + "/" + ShellName

// What the shim writes to a terminal ends with a line for the engine: before the
// command starts, MarkerStarts; where it cannot start, MarkerNotStarted, with exit
// status StatusNotFound or StatusNotExecutable, or one of the markers of other
// statuses. A program whose interpreter is missing gets both.
const (
	MarkerStarts     = "bodkin-shim: starts"
	MarkerNotStarted = "bodkin-shim: not started: "
)

// What a terminal still holds when its last process ends is lost. So the shim says
// MarkerEnds before it ends, in a form that terminals do not show, and waits for
// Goodbye, which the engine types when it has read that.
const (
	MarkerEnds = "\x1b]bodkin-shim;ends\x07"
	Goodbye    = '\x06'
)

// TerminalArgs returns the arguments with which a command runs on a terminal
// under the shim. Its exit status is the command's. Nothing is recorded, and of
// the spec only the services count.
func TerminalArgs(s Spec, command ...string) []string {
	return append([]string{BinaryPath, "terminal", Encode(Spec{Services: s.Services}), "--"}, command...)
}
