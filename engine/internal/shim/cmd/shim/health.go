//go:build linux

package main

import (
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/scrub"
)

// maxChecked is how much of a check's output is kept, its end, in bytes.
const maxChecked = 2 << 10

// health finds out by a service's own check when the service is ready.
type health struct {
	check       protocol.Check
	environment []string
	secrets     *scrub.Set
	child       *process
	pipes       *pipes
}

func newHealth(j *job, child *process, p *pipes) *health {
	return &health{*j.spec.Check, j.environment, j.secrets, child, p}
}

// await runs the check until it succeeds or has failed too often, and announces
// which. It tries at once and then after pauses of at most a quarter of the time
// gone by, so that a service is used soon after it can be; failures count no
// faster than the check's interval.
func (h *health) await() {
	counts := time.Now().Add(h.check.StartPeriod + h.check.Interval)
	said, failures := "", 0
	for pause := firstTry; ; pause = min(pause*5/4+time.Millisecond, max(h.check.MaxPause, firstTry)) {
		time.Sleep(pause)
		output, ok := h.run()
		if ok {
			h.pipes.announce(announceReady)
			return
		}
		if now := time.Now(); !now.Before(counts) {
			failures++
			counts = now.Add(h.check.Interval)
		}
		if failures >= h.check.Retries {
			h.tell(announceUnhealthy, output)
			return
		}
		if output != said {
			said = output
			h.tell(announceUnready, output)
		}
	}
}

func (h *health) tell(news int, output string) {
	h.pipes.checked.Store(&output)
	h.pipes.announce(news)
}

// run runs the check once and returns the end of what it has written, and
// whether the service is healthy.
func (h *health) run() (output string, ok bool) {
	path, failed := lookPath(h.check.Command[0], h.environment)
	if failed != nil {
		return failed.Error(), false
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err.Error(), false
	}
	defer read.Close()
	ended := make(chan int, 1)
	pid, err := h.fork(path, write, ended)
	write.Close()
	if err != nil {
		return execError(h.check.Command[0], err).Error(), false
	}
	written := make(chan string, 1)
	go func() { written <- h.lastOf(read) }()
	reason := ""
	select {
	case code := <-ended:
		ok = code == 0
	case <-time.After(h.check.Timeout):
		reason = "(ended after " + h.check.Timeout.String() + ")\n"
		syscall.Kill(-pid, syscall.SIGKILL)
		<-ended
	}
	// What it has left running may hold the pipe.
	read.SetReadDeadline(time.Now().Add(grace))
	return strings.TrimRight(<-written+reason, "\n"), ok
}

func (h *health) fork(path string, out *os.File, ended chan<- int) (int, error) {
	stdin, err := openRead(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer stdin.Close()
	return h.child.fork(path, h.check.Command, &syscall.ProcAttr{
		Env:   h.environment,
		Files: []uintptr{uintptr(stdin.fd), out.Fd(), out.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	}, ended)
}

// lastOf reads to the end and returns the last of what came, without secrets.
func (h *health) lastOf(r io.Reader) string {
	var kept []byte
	var stream *scrub.Stream
	if h.secrets != nil {
		stream = h.secrets.Stream()
	}
	block := make([]byte, maxChecked)
	for {
		n, err := r.Read(block)
		if stream != nil {
			kept = stream.Next(kept, block[:n])
		} else {
			kept = append(kept, block[:n]...)
		}
		if err != nil && stream != nil {
			kept = stream.Flush(kept)
		}
		kept = kept[max(0, len(kept)-maxChecked):]
		if err != nil {
			return string(kept)
		}
	}
}
