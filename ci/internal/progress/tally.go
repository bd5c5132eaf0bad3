package progress

import (
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
)

// Counts says how many vertices (units of the engine's work) were done.
type Counts struct {
	Cached int `json:"cached"` // answered from the cache
	Run    int `json:"run"`    // executed, successfully or not, without looking at sources
}

// Tally counts what the engine does, in all and for each step of the pipeline.
// The engine does not say which step a vertex belongs to: it belongs to the one
// step that ran when the vertex was first heard of, and to none where several
// ran side by side. The zero value is ready; it is safe for concurrent use.
type Tally struct {
	mu       sync.Mutex
	running  []string
	last     string // the step that ended last
	shared   map[string]bool
	vertices map[digest.Digest]*counted
}

type counted struct {
	step   string
	done   bool
	cached bool
	extra  bool // not a part of the pipeline's own work, unless it came from the cache
}

// Begin says that a step starts.
func (t *Tally) Begin(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = append(t.running, step)
	if len(t.running) < 2 {
		return
	}
	if t.shared == nil {
		t.shared = map[string]bool{}
	}
	for _, name := range t.running {
		t.shared[name] = true
	}
}

// End says that a step has ended. Updates that are still on their way count as
// its own until the next step begins.
func (t *Tally) End(step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, name := range t.running {
		if name == step {
			t.running = append(t.running[:i:i], t.running[i+1:]...)
			break
		}
	}
	t.last = step
}

// Add counts an update from the engine and takes out what would start a vertex
// again that has ended: that is another evaluation asking for it, not work. A vertex
// that was executed stays executed, though the engine then answers from its cache.
func (t *Tally) Add(status *client.SolveStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.vertices == nil {
		t.vertices = map[digest.Digest]*counted{}
	}
	status.Vertexes = slices.DeleteFunc(status.Vertexes, func(v *client.Vertex) bool {
		seen := t.vertices[v.Digest]
		if seen == nil {
			seen = &counted{step: t.owner(), extra: isExtra(v)}
			t.vertices[v.Digest] = seen
		}
		if v.Completed == nil {
			return seen.done
		}
		seen.cached = v.Cached && (!seen.done || seen.cached)
		seen.done = true
		return false
	})
}

// isExtra reports whether a vertex is a source, which is looked at in every run
// (it has no inputs, while whatever executes has the program it executes), or
// something that the engine does for itself.
func isExtra(v *client.Vertex) bool {
	return len(v.Inputs) == 0 || strings.HasPrefix(v.Name, "[internal]")
}

func (t *Tally) owner() string {
	switch len(t.running) {
	case 0:
		return t.last
	case 1:
		return t.running[0]
	}
	return ""
}

// Step counts what was done for one step. It is not exact where the step shared
// the engine with others.
func (t *Tally) Step(name string) (counts Counts, exact bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count(func(c *counted) bool { return c.step == name }), !t.shared[name]
}

// Total counts everything.
func (t *Tally) Total() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count(func(*counted) bool { return true })
}

func (t *Tally) count(which func(*counted) bool) Counts {
	var counts Counts
	for _, c := range t.vertices {
		switch {
		case !c.done || !which(c):
		case c.cached:
			counts.Cached++
		case !c.extra:
			counts.Run++
		}
	}
	return counts
}
