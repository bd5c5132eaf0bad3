// Package protocol is what the engine and the exec shim agree on: where the
// engine mounts things in an exec, how it says what to run, and what the shim's
// exit status means. Start with Spec and ExecArgs.
package protocol

// Root is the folder that holds everything the engine mounts into an exec for
// the shim. It lies below /dev, which is a tmpfs of the exec's own, so that the
// mount points leave nothing behind in the root file system.
const Root = "/dev/.bodkin"

// Names below Root.
const (
	BinName   = "bin"   // folder, read-only: what Install wrote
	OutName   = "out"   // folder, writable by the exec's user: what the exec left
	StdinName = "stdin" // file, optional: what the command reads
)

// Mount targets of the engine. All of them must be readable by the exec's user,
// whoever that is, and OutDir writable (mode 0777).
const (
	BinDir    = Root + "/" + BinName
	OutDir    = Root + "/" + OutName
	StdinFile = Root + "/" + StdinName
)

// Binary is the shim's name below BinDir: a symbolic link to the installed
// version that was asked for last (see VersionName).
const Binary = "shim"

// BinaryPath is the shim inside an exec, the first word of ExecArgs.
const BinaryPath = BinDir + "/" + Binary

// VersionName returns the name below BinDir of the shim with the given digest
// ("sha256:" followed by 64 hexadecimal digits, or the digits alone). Versions
// lie side by side, so that several versions of the engine share one BuildKit.
func VersionName(digest string) string {
	return Binary + "-" + trimAlgorithm(digest)
}

// Bundle is a symbolic link below BinDir to the bundle that was installed last.
// Commands are led to it where it is their host's, so that what they see of
// their environment is the same on every host.
const Bundle = "ca.pem"

// BundleName returns the name below BinDir of the bundle of CA certificates
// with the given digest, which Install puts beside the shim.
func BundleName(digest string) string {
	return "ca-" + trimAlgorithm(digest) + ".pem"
}

// Files that the shim leaves in OutDir. ExitCodeFile is written last: without
// it the other files are not complete.
const (
	StdoutFile   = "stdout"
	StderrFile   = "stderr"
	CombinedFile = "combined" // both, in the order in which they were written
	ExitCodeFile = "exitCode" // decimal; 128+n for a command that signal n ended
	ErrorFile    = "error"    // why the shim itself failed, in place of ExitCodeFile
)

func trimAlgorithm(digest string) string {
	const algorithm = "sha256:"
	if len(digest) > len(algorithm) && digest[:len(algorithm)] == algorithm {
		return digest[len(algorithm):]
	}
	return digest
}
