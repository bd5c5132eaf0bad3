//go:build linux

package main

import (
	"os"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// runTerminal runs command on the terminal that the shim itself has, and returns
// the shim's exit status: the command's.
func runTerminal(arg string, command []string) int {
	j, status := prepare(arg)
	if j == nil {
		return status
	}
	path, failed := lookPath(command[0], j.environment)
	if failed != nil {
		return notStarted(failed)
	}
	os.Stderr.WriteString(protocol.MarkerStarts + "\n")
	pid, err := syscall.ForkExec(path, command, &syscall.ProcAttr{
		Env:   j.environment,
		Files: []uintptr{0, 1, 2},
		// In the foreground, so that Ctrl-C is for the command alone.
		Sys: &syscall.SysProcAttr{Foreground: true, Ctty: 0},
	})
	if err != nil {
		return notStarted(execError(command[0], err))
	}
	code := 0
	child := &process{pid: pid}
	child.wait(func(c int) {
		code = c
		child.killRest()
	})
	return code
}

func notStarted(failed *startError) int {
	say(protocol.MarkerNotStarted, failed)
	return failed.code
}
