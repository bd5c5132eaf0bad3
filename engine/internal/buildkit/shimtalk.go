package buildkit

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// maxTail bounds how much of a terminal's output is kept to look for what the
// shim says last, in bytes.
const maxTail = 4 << 10

// shimTalk passes on what comes from a terminal, but for the shim's line on whether
// the command starts, which is for the engine. Other lines may come before it.
type shimTalk struct {
	out     io.Writer
	started chan struct{} // closed when the command is about to start
	ended   chan struct{} // closed when all is there that was written
	verdict string        // the shim's line, once it is there
	pending []byte        // until then: a line that is not complete
	held    []byte        // may be the begin of MarkerEnds
	over    bool          // MarkerEnds has come
	tail    []byte
}

func newShimTalk(out io.Writer) *shimTalk {
	return &shimTalk{out: out, started: make(chan struct{}), ended: make(chan struct{})}
}

func (t *shimTalk) Write(p []byte) (int, error) {
	rest := p
	if t.verdict == "" {
		rest = t.judge(append(t.pending, p...))
	}
	rest = t.untilEnd(rest)
	t.tail = append(t.tail, rest...)
	t.tail = t.tail[max(0, len(t.tail)-maxTail):]
	if len(rest) == 0 {
		return len(p), nil
	}
	_, err := t.out.Write(rest)
	return len(p), err
}

// untilEnd takes out the shim's last word, also where it comes in pieces.
func (t *shimTalk) untilEnd(text []byte) []byte {
	if t.verdict == "" || t.over {
		return text
	}
	text = append(t.held, text...)
	t.held = nil
	before, after, found := bytes.Cut(text, []byte(protocol.MarkerEnds))
	if found {
		t.over = true
		close(t.ended)
		return append(before, after...)
	}
	for n := min(len(text), len(protocol.MarkerEnds)-1); n > 0; n-- {
		if bytes.HasSuffix(text, []byte(protocol.MarkerEnds[:n])) {
			t.held = bytes.Clone(text[len(text)-n:])
			return text[:len(text)-n]
		}
	}
	return text
}

// judge looks for the shim's line and returns what is to be shown.
func (t *shimTalk) judge(text []byte) []byte {
	var shown []byte
	for {
		line, rest, complete := bytes.Cut(text, []byte("\n"))
		if !complete {
			t.pending = bytes.Clone(line)
			return shown
		}
		if slices.ContainsFunc(verdicts, func(marker string) bool { return bytes.HasPrefix(line, []byte(marker)) }) {
			t.verdict = string(line)
			if t.begins(protocol.MarkerStarts) {
				close(t.started)
			}
			return append(shown, rest...)
		}
		shown = append(append(shown, line...), '\n')
		text = rest
	}
}

// verdicts are the markers of lines after which the shim says no more, or nothing
// before the command has its say.
var verdicts = []string{protocol.MarkerStarts, protocol.MarkerNotStarted, protocol.MarkerSetup, protocol.MarkerOutdated}

// Close implements io.Closer.
func (t *shimTalk) Close() error { return nil }

// begins reports whether the shim's line has a marker.
func (t *shimTalk) begins(marker string) bool { return strings.HasPrefix(t.verdict, marker) }

// last returns what the shim says after a marker: in its line, or in the last one
// of all.
func (t *shimTalk) last(marker string) (text string, found bool) {
	if rest, ok := strings.CutPrefix(t.verdict, marker); ok {
		return strings.TrimSpace(rest), true
	}
	lines := strings.Split(strings.TrimSpace(string(t.tail)), "\n")
	return strings.CutPrefix(lines[len(lines)-1], marker)
}
