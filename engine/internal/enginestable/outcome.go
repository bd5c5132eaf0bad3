package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// engines are the rows of the table.
var engines = []struct{ name, title string }{
	{"embedded", "embedded"},
	{"plain", "`buildkitd` on TCP"},
	{"plain-unix", "`buildkitd` on a Unix socket"},
	{"plain-mtls", "`buildkitd` on TCP, mutual TLS"},
	{"docker", "Docker of trixie, classic store"},
	{"docker-containerd", "Docker of trixie, containerd store"},
	{"docker-bookworm", "Docker of bookworm, classic store"},
}

var titles = func() map[string]string {
	all := map[string]string{}
	for _, e := range engines {
		all[e.name] = e.title
	}
	return all
}()

// What is around the table.
const (
	tableStart = "<!-- engines: written by go run ./engine/internal/enginestable -->"
	tableEnd   = "<!-- /engines -->"
	tableHead  = "| engine | tests | passed | refused | skipped | failed | time |\n|---|---|---|---|---|---|---|\n"
)

// refusal is what the error says when an engine lacks something: a FeatureError.
const refusal = " cannot do this: "

// event is what `go test -json` says.
type event struct{ Action, Package, Test, Output string }

// outcome is what came of the tests on an engine.
type outcome struct {
	results map[string]string // pass, fail, skip or refused, by test
	said    map[string]string // what tests have written
	took    time.Duration
}

// read reads the events of tests that ran on the engine: those whose name has the
// engine's as its second part, and no parts of their own.
func read(events io.Reader, engine string) (*outcome, error) {
	found := &outcome{results: map[string]string{}, said: map[string]string{}}
	for dec := json.NewDecoder(events); ; {
		var e event
		if err := dec.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading what the tests say: %w", err)
		}
		parts := strings.Split(e.Test, "/")
		if len(parts) < 2 || parts[1] != engine {
			continue
		}
		name := strings.Join(slices.Delete(parts, 1, 2), "/")
		switch e.Action {
		case "output":
			found.said[name] += e.Output
		case "run":
			found.results[name] = "fail" // until it has ended
		case "pass", "fail", "skip":
			found.results[name] = e.Action
		}
	}
	for name, result := range found.results {
		if result == "fail" && strings.Contains(found.said[name], refusal) {
			found.results[name] = "refused"
		}
	}
	found.keepLeaves()
	return found, nil
}

// keepLeaves leaves out tests that have parts: those are counted.
func (o *outcome) keepLeaves() {
	for name := range maps.Clone(o.results) {
		for i := range name {
			if name[i] == '/' {
				delete(o.results, name[:i])
			}
		}
	}
}

// failed lists the tests that failed, in order.
func (o *outcome) failed() []string {
	var names []string
	for name, result := range o.results {
		if result == "fail" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// row is the outcome as a line of the table.
func (o *outcome) row(title string) string {
	count := map[string]int{}
	for _, result := range o.results {
		count[result]++
	}
	failed := fmt.Sprint(count["fail"])
	if names := o.failed(); len(names) > 0 {
		failed += ": `" + strings.Join(names, "` `") + "`"
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %s | %s |\n", title, len(o.results), count["pass"], count["refused"], count["skip"], failed, o.took)
}
