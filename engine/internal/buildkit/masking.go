package buildkit

import (
	"sync"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/scrub"
)

// minMasked is the length in bytes from which a secret is masked wherever it is
// shown: the one that GitLab asks of variables that it masks
// (docs.gitlab.com/ci/variables). Shorter ones may be parts of ordinary words, and are
// masked in the output of the execs that have them alone.
const minMasked = 8

// known are the values of secrets that the client has seen.
type known struct {
	mu     sync.Mutex
	values map[string]bool
	set    *scrub.Set // of the values; nil: to be made
}

// Know takes note of a secret's value: from now on it is masked in progress and errors.
func (s *Secrets) Know(value []byte) {
	if len(value) < minMasked {
		return
	}
	k := &s.known
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.values[string(value)] {
		k.values[string(value)] = true
		k.set = nil
	}
}

// masks are the values of all known secrets, nil where there are none.
func (s *Secrets) masks() *scrub.Set {
	k := &s.known
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set == nil && len(k.values) > 0 {
		values := make([]string, 0, len(k.values))
		for value := range k.values {
			values = append(values, value)
		}
		k.set = scrub.New(values...)
	}
	return k.set
}

// Mask returns text without the values of known secrets.
func (s *Secrets) Mask(text string) string { return s.masks().String(text) }

// masking takes the values of secrets out of progress, also where output comes in
// pieces. It is used by one goroutine.
type masking struct {
	secrets *Secrets
	open    map[outputKey]*maskedOutput
}

// outputKey is one of the outputs of a vertex.
type outputKey struct {
	vertex digest.Digest
	stream int
}

// maskedOutput is an output of which the end may be the beginning of a secret.
type maskedOutput struct {
	set    *scrub.Set
	stream *scrub.Stream
	last   *client.VertexLog
}

func newMasking(secrets *Secrets) *masking {
	return &masking{secrets: secrets, open: map[outputKey]*maskedOutput{}}
}

// status masks what is about to be shown.
func (m *masking) status(st *client.SolveStatus) {
	set := m.secrets.masks()
	if set == nil {
		return
	}
	for _, v := range st.Vertexes {
		v.Name, v.Error = set.String(v.Name), set.String(v.Error)
	}
	for _, s := range st.Statuses {
		s.ID, s.Name = set.String(s.ID), set.String(s.Name)
	}
	for _, w := range st.Warnings {
		w.Short = []byte(set.String(string(w.Short)))
		for i, detail := range w.Detail {
			w.Detail[i] = []byte(set.String(string(detail)))
		}
	}
	for _, l := range st.Logs {
		m.log(set, l)
	}
	for _, v := range st.Vertexes {
		if v.Completed != nil {
			st.Logs = append(st.Logs, m.rest(v.Digest)...)
		}
	}
}

func (m *masking) log(set *scrub.Set, l *client.VertexLog) {
	key := outputKey{l.Vertex, l.Stream}
	out := m.open[key]
	var before []byte
	if out == nil || out.set != set {
		if out != nil {
			before = out.stream.Flush(nil)
		}
		out = &maskedOutput{set: set, stream: set.Stream()}
		m.open[key] = out
	}
	l.Data = out.stream.Next(before, l.Data)
	out.last = l
}

// rest is what was held back of a vertex's output.
func (m *masking) rest(vertex digest.Digest) []*client.VertexLog {
	var logs []*client.VertexLog
	for key, out := range m.open {
		if key.vertex != vertex {
			continue
		}
		delete(m.open, key)
		if data := out.stream.Flush(nil); len(data) > 0 {
			last := *out.last
			last.Data = data
			logs = append(logs, &last)
		}
	}
	return logs
}

// end is what was held back of all output.
func (m *masking) end() *client.SolveStatus {
	st := &client.SolveStatus{}
	for key := range m.open {
		st.Logs = append(st.Logs, m.rest(key.vertex)...)
	}
	if len(st.Logs) == 0 {
		return nil
	}
	return st
}
