package buildkit

import (
	"bytes"
	"io"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// maxTail bounds how much of a terminal's output is kept to look for what the
// shim says last, in bytes.
const maxTail = 4 << 10

// shimTalk passes on what comes from a terminal, but for the shim's first line,
// which is for the engine.
type shimTalk struct {
	out     io.Writer
	started chan struct{} // closed when the command is about to start
	first   []byte        // the first line, until it is complete
	open    bool          // the first line is over
	tail    []byte
}

func newShimTalk(out io.Writer) *shimTalk {
	return &shimTalk{out: out, started: make(chan struct{})}
}

func (t *shimTalk) Write(p []byte) (int, error) {
	n := len(p)
	if !t.open {
		t.first = append(t.first, p...)
		line, rest, complete := bytes.Cut(t.first, []byte("\n"))
		if !complete {
			return n, nil
		}
		t.first, t.open, p = bytes.Clone(line), true, bytes.Clone(rest)
		if t.begins(protocol.MarkerStarts) {
			close(t.started)
		}
	}
	t.tail = append(t.tail, p...)
	t.tail = t.tail[max(0, len(t.tail)-maxTail):]
	if len(p) == 0 {
		return n, nil
	}
	_, err := t.out.Write(p)
	return n, err
}

// Close implements io.Closer.
func (t *shimTalk) Close() error { return nil }

// begins reports whether the first line has a marker.
func (t *shimTalk) begins(marker string) bool { return strings.HasPrefix(string(t.first), marker) }

// last returns what the shim says after a marker: in the first line, or in the
// last one.
func (t *shimTalk) last(marker string) (text string, found bool) {
	if rest, ok := strings.CutPrefix(string(t.first), marker); ok {
		return strings.TrimSpace(rest), true
	}
	lines := strings.Split(strings.TrimSpace(string(t.tail)), "\n")
	return strings.CutPrefix(lines[len(lines)-1], marker)
}
