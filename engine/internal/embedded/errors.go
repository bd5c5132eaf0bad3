package embedded

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// UnsupportedError says why the embedded engine cannot run here, and what can.
type UnsupportedError struct {
	// Reason is what this machine or user lacks.
	Reason string
}

func (e *UnsupportedError) Error() string {
	return "the embedded engine cannot run here: " + e.Reason + ". What works instead: a BuildKit daemon (set BUILDKIT_HOST or --engine to its address, such as tcp://host:1234 " +
		"or docker-container://name), " +
		"or a Dagger engine (--engine dagger)"
}

// StartError says that the daemon was started and did not come up.
type StartError struct {
	// Reason is what the daemon's supervisor said, or how it ended.
	Reason string
	// LogTail is the end of the daemon's log.
	LogTail string
}

func (e *StartError) Error() string {
	if e.LogTail == "" {
		return e.Reason
	}
	return e.Reason + "\nlast lines of its log:\n" + e.LogTail
}

// Supported returns nil where the engine can run, else an *UnsupportedError.
func Supported() error {
	switch {
	case runtime.GOOS != "linux":
		return &UnsupportedError{Reason: "it needs Linux, and this is " + runtime.GOOS}
	case os.Geteuid() != 0:
		return &UnsupportedError{Reason: fmt.Sprintf("it needs root, and this is user %d", os.Geteuid())}
	case !mayMount():
		return &UnsupportedError{Reason: "this process may not mount (CAP_SYS_ADMIN): inside a container, that takes a privileged one"}
	default:
		return nil
	}
}

// mayMount reads the effective capabilities. Where they cannot be told, trying
// will show.
func mayMount() bool {
	const capSysAdmin = 21
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if set, ok := strings.CutPrefix(line, "CapEff:"); ok {
			caps, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err != nil || caps&(1<<capSysAdmin) != 0
		}
	}
	return true
}
