//go:build linux

package main

import (
	"io"
	"net"
	"path/filepath"
	"strconv"
	"time"
)

// debugSocket is where buildkitd serves its debug handlers, in a folder that only
// the engine's mount namespace has.
const debugSocket = "/run/buildkitd-debug.sock"

// A process counts as quiet when it used less than quietTicks clock ticks
// (10 ms each) of processor time in a quietPeriod.
const (
	quietPeriod = 5 * time.Second
	quietTicks  = 10
)

// returnMemory has buildkitd collect its garbage each time it comes to rest, until
// the daemon ends. By itself it would hold on to what a build took for minutes.
func (s *supervisor) returnMemory() {
	var r rest
	for {
		select {
		case <-s.child.ended:
			return
		case <-time.After(quietPeriod):
		}
		if !r.begins(processorTime(s.daemon)) {
			continue
		}
		collectGarbage(filepath.Join(s.child.root(), debugSocket))
		// What that took is no new activity.
		r.used = processorTime(s.daemon)
	}
}

// collectGarbage returns when it is done. Failing costs memory, nothing else.
func collectGarbage(socket string) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.WriteString(conn, "GET /debug/gc HTTP/1.0\r\n\r\n"); err == nil {
		_, _ = io.Copy(io.Discard, conn)
	}
}

// rest notices when a process comes to rest.
type rest struct {
	used  uint64 // processor time at the last look
	quiet bool
}

// begins takes the processor time used so far, and reports whether the process was
// busy before and no longer is.
func (r *rest) begins(used uint64) bool {
	was := r.quiet
	r.quiet = used-r.used < quietTicks
	r.used = used
	return r.quiet && !was
}

// processorTime is the user and system time of a process, in clock ticks; 0 where
// there is no such process.
func processorTime(pid int) uint64 {
	f := stat(pid)
	if f == nil {
		return 0
	}
	user, _ := strconv.ParseUint(f[11], 10, 64)
	system, _ := strconv.ParseUint(f[12], 10, 64)
	return user + system
}
