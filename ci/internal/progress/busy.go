package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// lastLine bounds how much of a vertex's last line of output is kept, in bytes.
const lastLine = 200

// Busy knows which vertices are being worked on, and when something was last
// heard. The zero value is ready; it is safe for concurrent use.
type Busy struct {
	mu       sync.Mutex
	heard    time.Time
	vertices map[digest.Digest]*running
}

type running struct {
	name  string
	since time.Time
	said  string
}

// Hear notes that there was a sign of life.
func (b *Busy) Hear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = time.Now()
}

// Silent is how long ago that was.
func (b *Busy) Silent() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.heard)
}

// Add notes an update from the engine.
func (b *Busy) Add(status *client.SolveStatus) {
	if len(status.Vertexes)+len(status.Statuses)+len(status.Logs)+len(status.Warnings) == 0 {
		return
	}
	b.Hear()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.vertices == nil {
		b.vertices = map[digest.Digest]*running{}
	}
	for _, v := range status.Vertexes {
		switch {
		case v.Completed != nil:
			delete(b.vertices, v.Digest)
		case v.Started != nil && b.vertices[v.Digest] == nil:
			b.vertices[v.Digest] = &running{name: v.Name, since: *v.Started}
		}
	}
	for _, l := range status.Logs {
		if v := b.vertices[l.Vertex]; v != nil {
			v.say(string(l.Data))
		}
	}
}

func (r *running) say(text string) {
	text = strings.TrimRight(text, "\r\n")
	text = text[strings.LastIndexAny(text, "\r\n")+1:]
	if strings.TrimSpace(text) != "" {
		r.said = strings.ToValidUTF8(text[max(0, len(text)-lastLine):], "")
	}
}

// Names are the names of the vertices that are being worked on.
func (b *Busy) Names() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, v := range b.vertices {
		names = append(names, v.name)
	}
	return names
}

// What says what is being worked on: a line for each vertex, that which has taken
// longest first, with what it said last. It is "" where there is none.
func (b *Busy) What() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*running
	for _, v := range b.vertices {
		all = append(all, v)
	}
	slices.SortFunc(all, func(x, y *running) int { return cmp.Or(x.since.Compare(y.since), cmp.Compare(x.name, y.name)) })
	var text strings.Builder
	for _, v := range all {
		fmt.Fprintf(&text, "  %s (for %s", v.name, time.Since(v.since).Round(time.Second))
		if v.said != "" {
			fmt.Fprintf(&text, "; its last line: %s", v.said)
		}
		text.WriteString(")\n")
	}
	return text.String()
}
