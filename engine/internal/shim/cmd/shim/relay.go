//go:build linux

package main

import (
	"strconv"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

const (
	// grace is how long processes that outlive the command may go on writing.
	grace = 250 * time.Millisecond
	// killedGrace is how long killed processes may take to let go of a stream.
	killedGrace = time.Second
)

// relay passes on what a command writes until it is over.
type relay struct {
	pipes *pipes
	rec   *recording
	child *process

	ended, killed bool
	code          int       // the command's, once it has ended
	deadline      time.Time // zero while the command runs
}

// run returns the command's exit code after it has ended and nobody can write
// any more. One thread does all of it, in the order in which the kernel saw the
// streams become readable: that keeps the combined output in order. Processes
// that keep a stream open after the command has ended are killed after a short
// while; without a shim they would be at once.
func (r *relay) run() (int, error) {
	r.pipes.closeWrite()
	go r.child.wait(r.pipes.announce)
	for !r.ended || r.pipes.open > 0 {
		ready, err := r.pipes.wait(r.deadline)
		if err != nil {
			return 0, err
		}
		for _, fd := range ready {
			if err := r.pass(fd); err != nil {
				return 0, err
			}
		}
		if r.late(len(ready) == 0) {
			break
		}
	}
	return r.code, nil
}

// pass handles one pipe that is readable.
func (r *relay) pass(fd int) error {
	if fd == r.pipes.ended.read {
		r.hear(r.pipes.announced())
		return nil
	}
	text, err := r.pipes.read(fd)
	if fd == r.pipes.stdout.read {
		r.rec.stdout.write(text)
	} else {
		r.rec.stderr.write(text)
	}
	return err
}

// hear acts on what was announced.
func (r *relay) hear(code int) {
	switch {
	case code >= 0:
		r.code, r.ended = code, true
		r.deadline = time.Now().Add(grace)
	case r.ended:
	case code == announceReady:
		r.rec.stderr.line(protocol.MarkerReady)
	case code == announceUnready:
		r.rec.stderr.line(protocol.MarkerUnready + strconv.Quote(*r.pipes.checked.Load()))
	case code == announceUnhealthy:
		r.rec.stderr.line(protocol.MarkerUnhealthy + strconv.Quote(*r.pipes.checked.Load()))
	}
}

// late ends what takes too long, and reports whether even that was in vain.
func (r *relay) late(quiet bool) bool {
	overdue := r.ended && !time.Now().Before(r.deadline)
	// After a failure to record, what the command writes is lost: letting it go
	// on would only cost time.
	if !r.killed && (overdue || r.rec.err != nil) {
		r.killed = true
		r.child.killRest()
		if r.ended {
			r.deadline = time.Now().Add(killedGrace)
		}
		return false
	}
	return overdue && quiet
}
