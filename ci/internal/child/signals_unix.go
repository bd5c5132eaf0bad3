//go:build unix

package child

import (
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// passedOn are the signals that the command gets.
var passedOn = []os.Signal{
	syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGCONT,
}

// typed are those that a terminal sends to all programs in its foreground.
var typed = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGWINCH}

// comesFromTerminal reports whether the command has a signal already: a second
// Ctrl-C would have it give up what it is cleaning up.
func comesFromTerminal(s os.Signal) bool {
	if !slices.Contains(typed, s) {
		return false
	}
	tty, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer tty.Close()
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// signalOf is the number of the signal that ended a process.
func signalOf(state *os.ProcessState) int {
	status, _ := state.Sys().(syscall.WaitStatus)
	return int(status.Signal())
}
