//go:build linux

package main

import (
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// defaultPath is where commands are looked for when PATH is not set.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// startError says why a command could not be started, with the exit code that
// a shell gives in that case.
type startError struct {
	command, reason string
	code            int
}

func (e *startError) Error() string { return e.command + ": " + e.reason }

// lookPath finds the program that name means in the given environment, as a
// shell would: a name with a slash is a path, any other is looked for in PATH.
func lookPath(name string, environment []string) (string, *startError) {
	if strings.Contains(name, "/") {
		if err := executable(name); err != nil {
			return "", newStartError(name, err)
		}
		return name, nil
	}
	path, set := lookup(environment, "PATH")
	if !set {
		path = defaultPath
	}
	denied := false
	for dir := range strings.SplitSeq(path, ":") {
		if name == "" {
			break
		}
		if dir == "" {
			dir = "."
		}
		candidate := filepath.Join(dir, name)
		if !strings.Contains(candidate, "/") {
			candidate = "./" + candidate
		}
		switch executable(candidate) {
		case nil:
			return candidate, nil
		case syscall.EACCES:
			denied = true
		}
	}
	if denied {
		return "", newStartError(name, syscall.EACCES)
	}
	return "", &startError{name, "command not found in PATH (" + path + ")", protocol.StatusNotFound}
}

// executable reports why path is not a program that may be started.
func executable(path string) error {
	const mayExecute = 1 // X_OK of access(2)
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return err
	}
	if st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return syscall.EISDIR
	}
	return syscall.Access(path, mayExecute)
}

func newStartError(name string, err error) *startError {
	code := protocol.StatusNotExecutable
	if err == syscall.ENOENT || err == syscall.ENOTDIR {
		code = protocol.StatusNotFound
	}
	return &startError{name, err.Error(), code}
}
