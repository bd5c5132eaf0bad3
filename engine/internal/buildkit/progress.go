package buildkit

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/errdefs"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// progress merges the status streams of all evaluations into one, delivered in
// order from one goroutine, without the values of secrets. A vertex that was
// finished once is not reported
// again: later evaluations find it in the cache, which would make a step that
// ran look cached.
type progress struct {
	updates chan *client.SolveStatus
	done    chan struct{}

	mu       sync.Mutex
	finished map[digest.Digest]bool
	said     map[digest.Digest]string // the last of what vertices have logged that go on, or have failed
}

func newProgress(sink func(*client.SolveStatus), masks *masking) *progress {
	p := &progress{
		updates:  make(chan *client.SolveStatus, 64),
		done:     make(chan struct{}),
		finished: map[digest.Digest]bool{},
		said:     map[digest.Digest]string{},
	}
	go func() {
		defer close(p.done)
		for st := range p.updates {
			if sink != nil {
				masks.status(st)
				sink(st)
			}
		}
		if rest := masks.end(); rest != nil {
			sink(rest)
		}
	}()
	return p
}

// stream returns a channel for one evaluation and a wait for its end. The
// evaluation closes the channel.
func (p *progress) stream() (ch chan *client.SolveStatus, wait func()) {
	ch = make(chan *client.SolveStatus, 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		hidden := map[digest.Digest]bool{}
		for st := range ch {
			if st := p.filter(st, hidden); st != nil {
				p.updates <- st
			}
		}
	}()
	return ch, func() { <-done }
}

// filter drops what was reported as finished before this evaluation.
func (p *progress) filter(st *client.SolveStatus, hidden map[digest.Digest]bool) *client.SolveStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := &client.SolveStatus{Warnings: st.Warnings}
	for _, v := range st.Vertexes {
		if hidden[v.Digest] {
			continue
		}
		if p.finished[v.Digest] {
			hidden[v.Digest] = true
			continue
		}
		if retriesShim(v.Error) {
			v.Error = ""
		}
		v.Error = userCommand(v.Error)
		out.Vertexes = append(out.Vertexes, v)
	}
	for _, v := range out.Vertexes {
		if v.Completed != nil && v.Error == "" {
			p.finished[v.Digest] = true
			delete(p.said, v.Digest)
		}
	}
	for _, s := range st.Statuses {
		if !hidden[s.Vertex] {
			out.Statuses = append(out.Statuses, s)
		}
	}
	for _, l := range st.Logs {
		if !hidden[l.Vertex] && !retriesShim(string(l.Data)) {
			out.Logs = append(out.Logs, l)
			text := p.said[l.Vertex] + string(l.Data)
			p.said[l.Vertex] = text[max(0, len(text)-maxSaid):]
		}
	}
	if len(out.Vertexes)+len(out.Statuses)+len(out.Logs)+len(out.Warnings) == 0 {
		return nil
	}
	return out
}

// maxSaid is how much of what a vertex has logged is kept, in bytes.
const maxSaid = 1 << 10

// tail is the last line that a vertex has logged that has failed.
func (p *progress) tail(vertex digest.Digest) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := strings.TrimSpace(p.said[vertex])
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// said is the last line of what the vertex has logged that an error is about.
func (s *Session) said(err error) string {
	var vertex *errdefs.VertexError
	if !errors.As(err, &vertex) {
		return ""
	}
	return withoutMounts(s.progress.tail(digest.Digest(vertex.Digest)))
}

// send adds an update that comes from the client itself.
func (p *progress) send(st *client.SolveStatus) { p.updates <- st }

// close waits until everything was delivered. No stream may be open any more.
func (p *progress) close() {
	close(p.updates)
	<-p.done
}

// shimCall matches how the daemon sees an exec: the user's command comes after it.
var shimCall = regexp.MustCompile(regexp.QuoteMeta(protocol.BinaryPath) + ` exec \{.*?\} -- `)

// userCommand makes text name the command that the user has given.
func userCommand(text string) string { return shimCall.ReplaceAllString(text, "") }
