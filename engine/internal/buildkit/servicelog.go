package buildkit

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// tailLines is how many of a service's last lines an error shows.
const tailLines = 20

// serviceLog shows what a service writes as progress, keeps its last lines, and
// hears the shim say that the ports answer.
type serviceLog struct {
	vertex   *client.Vertex
	progress *progress
	// Called once each, when the shim says so.
	onReady, onUnhealthy func()

	mu      sync.Mutex
	lines   []string
	checked string // what the last failed health check has written
	noShim  bool   // it did not start because the shim is not installed
}

func newServiceLog(s *Service) *serviceLog {
	now := time.Now()
	l := &serviceLog{progress: s.session.progress, vertex: &client.Vertex{
		Digest: digest.FromString(s.Key.String() + now.String()), Name: "service " + s.Name, Started: &now,
	}}
	l.progress.send(&client.SolveStatus{Vertexes: []*client.Vertex{l.vertex}})
	return l
}

// end reports the end of the service.
func (l *serviceLog) end(failure error) {
	now := time.Now()
	done := *l.vertex
	done.Completed = &now
	if failure != nil {
		done.Error = failure.Error()
	}
	l.progress.send(&client.SolveStatus{Vertexes: []*client.Vertex{&done}})
}

// tail is the end of an error's message: what the health check has said, and the
// service's last lines.
func (l *serviceLog) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := ""
	if l.checked != "" {
		text = "\nits health check:\n" + l.checked
	}
	if len(l.lines) > 0 {
		text += "\nits last lines:\n" + strings.Join(l.lines, "\n")
	}
	return text
}

func (l *serviceLog) stdout() io.WriteCloser { return &lineWriter{log: l, stream: 1} }

func (l *serviceLog) stderr() io.WriteCloser { return &lineWriter{log: l, stream: 2} }

func (l *serviceLog) line(stream int, line []byte) {
	if stream == 2 && (l.heard(string(line)) || l.lacks(string(line))) {
		return
	}
	l.mu.Lock()
	l.lines = append(l.lines, string(line))
	l.lines = slices.Clone(l.lines[max(0, len(l.lines)-tailLines):])
	l.mu.Unlock()
	l.progress.send(&client.SolveStatus{Logs: []*client.VertexLog{{
		Vertex: l.vertex.Digest, Stream: stream, Data: append(line, '\n'), Timestamp: time.Now(),
	}}})
}

// heard takes in what the shim says of the service's health, and reports whether
// the line was that.
func (l *serviceLog) heard(line string) bool {
	if line == protocol.MarkerReady {
		l.once(&l.onReady)
		return true
	}
	quoted, unready := strings.CutPrefix(line, protocol.MarkerUnready)
	unhealthy := false
	if !unready {
		quoted, unhealthy = strings.CutPrefix(line, protocol.MarkerUnhealthy)
	}
	said, err := strconv.Unquote(quoted)
	if !unready && !unhealthy || err != nil {
		return false
	}
	l.mu.Lock()
	l.checked = said
	l.mu.Unlock()
	if unhealthy {
		l.once(&l.onUnhealthy)
	}
	return true
}

// lacks reports whether a line before the service is ready says only that the
// shim is to be installed.
func (l *serviceLog) lacks(line string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.onReady == nil || !retriesShim(line) {
		return false
	}
	l.noShim = true
	return true
}

// lackedShim reports whether the service did not start because the shim was
// missing, once.
func (l *serviceLog) lackedShim() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	lacked := l.noShim
	l.noShim = false
	return lacked
}

func (l *serviceLog) once(call *func()) {
	l.mu.Lock()
	f := *call
	*call = nil
	l.mu.Unlock()
	if f != nil {
		f()
	}
}

// lineWriter cuts a stream into lines.
type lineWriter struct {
	log     *serviceLog
	stream  int
	pending []byte
}

// maxLine bounds how much of a line without an end is held back, in bytes.
const maxLine = 64 << 10

func (w *lineWriter) Write(p []byte) (int, error) {
	w.pending = append(w.pending, p...)
	for {
		end := bytes.IndexByte(w.pending, '\n')
		if end < 0 && len(w.pending) < maxLine {
			return len(p), nil
		}
		if end < 0 {
			end = len(w.pending)
		}
		w.log.line(w.stream, bytes.Clone(w.pending[:end]))
		w.pending = w.pending[min(end+1, len(w.pending)):]
	}
}

func (w *lineWriter) Close() error {
	if len(w.pending) > 0 {
		w.log.line(w.stream, w.pending)
		w.pending = nil
	}
	return nil
}
