//go:build linux

// Program shim is the first process of each exec: it runs the command, passes
// on signals, reaps, and leaves what the command wrote and how it ended in a
// folder of its own. Services run under it too: it carries connections between
// them and the execs that use them. See package protocol for its arguments and exit statuses;
// the first function to read is run.
package main

import (
	"os"
	"runtime"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// root is protocol.Root. Tests link another value.
var root = "/dev/.bodkin"

const usage = `usage: shim exec SPEC -- COMMAND [ARGUMENT...]
       shim serve SPEC -- COMMAND [ARGUMENT...]
       shim terminal SPEC -- COMMAND [ARGUMENT...]
       shim bridge SPEC
       shim install FOLDER DIGEST [BUNDLE DIGEST]
       shim report FOLDER
       shim diff LOWER UPPER OUT
       shim layer LOWER UPPER
       shim link TARGET NAME
       shim modes ROOT [MODE PATH...]
       shim compare BEFORE AFTER OUT none|text|all
       shim apply BEFORE AFTER TARGET
       shim digest TREE OUT
       shim search OPTIONS TREE OUT
       shim --version
`

func main() {
	os.Exit(run(os.Args[1:]))
}

// run obeys the arguments and returns the exit status.
func run(args []string) int {
	switch {
	case len(args) >= 4 && args[0] == "exec" && args[2] == "--":
		return runExec(args[1], args[3:])
	case len(args) >= 4 && args[0] == "serve" && args[2] == "--":
		return runServe(args[1], args[3:])
	case len(args) >= 4 && args[0] == "terminal" && args[2] == "--":
		status := runTerminal(args[1], args[3:])
		awaitGoodbye()
		return status
	case len(args) == 2 && args[0] == "bridge":
		return runBridge(args[1])
	case (len(args) == 3 || len(args) == 5) && args[0] == "install":
		return runInstall(args[1], args[2], args[3:])
	case len(args) == 4 && args[0] == "diff":
		return runTree("comparing", func() error { return diffTree(args[1], args[2], args[3]) })
	case len(args) == 3 && args[0] == "layer":
		return runTree("comparing", func() error { return writeLayer(args[1], args[2], os.Stdout) })
	case len(args) >= 2 && args[0] == "modes":
		return runTree("setting permissions", func() error { return setModes(args[1], args[2:]) })
	case len(args) == 3 && args[0] == "link":
		return runTree("linking", func() error { return os.Symlink(args[1], args[2]) })
	case len(args) == 5 && args[0] == "compare":
		return runTree("comparing", func() error { return listChanges(args[1], args[2], args[3], protocol.Contents(args[4])) })
	case len(args) == 4 && args[0] == "apply":
		return runTree("applying changes", func() error { return applyChanges(args[1], args[2], args[3]) })
	case len(args) == 3 && args[0] == "digest":
		return runTree("reading a tree", func() error { return digestTree(args[1], args[2]) })
	case len(args) == 4 && args[0] == "search":
		return runTree("searching", func() error { return runSearch(args[1], args[2], args[3]) })
	case len(args) == 2 && args[0] == "report":
		return runReport(args[1])
	case len(args) >= 3 && args[0] == adoptCommand:
		return adopt(args[1], args[2:])
	case len(args) == 1 && args[0] == "--version":
		os.Stdout.WriteString("bodkin-shim (" + runtime.Version() + " " + runtime.GOARCH + ")\n")
		return 0
	}
	os.Stderr.WriteString(usage)
	return 2
}

// say writes one line about the shim itself to stderr.
func say(marker string, err error) {
	os.Stderr.WriteString(marker + err.Error() + "\n")
}
