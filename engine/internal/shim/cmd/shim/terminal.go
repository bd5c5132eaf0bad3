//go:build linux

package main

import (
	"os"
	"os/signal"
	"syscall"
	"unsafe"

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

// goodbyePatience is how long the engine may take to read what the terminal still
// holds, in tenths of a second.
const goodbyePatience = 50

// awaitGoodbye waits until the engine has read all that was written.
func awaitGoodbye() {
	// Once the command has gone, the terminal is the shim's. Whoever is not in its
	// foreground is stopped by these signals.
	signal.Ignore(syscall.SIGTTOU, syscall.SIGTTIN)
	group := int32(syscall.Getpgrp())
	var settings syscall.Termios
	if !control(syscall.TIOCSPGRP, unsafe.Pointer(&group)) || !control(syscall.TCGETS, unsafe.Pointer(&settings)) {
		return // no terminal
	}
	settings.Lflag &^= syscall.ICANON | syscall.ECHO | syscall.ISIG
	settings.Cc[syscall.VMIN], settings.Cc[syscall.VTIME] = 0, goodbyePatience
	if !control(syscall.TCSETS, unsafe.Pointer(&settings)) {
		return
	}
	os.Stdout.WriteString(protocol.MarkerEnds)
	key := make([]byte, 1)
	for {
		if n, err := syscall.Read(0, key); n < 1 && err != syscall.EINTR || n == 1 && key[0] == protocol.Goodbye {
			return
		}
	}
}

// control is ioctl(2) for the terminal.
func control(request uintptr, arg unsafe.Pointer) bool {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, 0, request, uintptr(arg))
	return errno == 0
}

func notStarted(failed *startError) int {
	say(protocol.MarkerNotStarted, failed)
	return failed.code
}
