package protocol

// ShellName is the folder below Root where a shell is mounted that is brought
// along to a container without one.
const ShellName = "shell"

// ShellDir holds the shell and its tools.
const ShellDir = Root + "/" + ShellName

// MarkerNotStarted opens the only line that the shim writes to a terminal when it
// could not start the command there. Its exit status is StatusNotFound or
// StatusNotExecutable then.
const MarkerNotStarted = "bodkin-shim: not started: "

// MarkerPrefix opens every line that the shim writes of its own.
const MarkerPrefix = "bodkin-shim: "

// TerminalArgs returns the arguments with which a command runs on a terminal
// under the shim. Its exit status is the command's. Nothing is recorded, and of
// the spec only the services count.
func TerminalArgs(s Spec, command ...string) []string {
	return append([]string{BinaryPath, "terminal", Encode(Spec{Services: s.Services}), "--"}, command...)
}
