package rust

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// libtestEvent is a line that Rust's test program writes.
type libtestEvent struct {
	Type    string // suite or test
	Event   string // started, ok, failed, ignored or timeout
	Name    string
	Stdout  string
	Message string  // why it is ignored, or how it failed
	Seconds float64 `json:"exec_time"`
}

// goEvent is a line of `go tool test2json`, which results are read from.
type goEvent struct {
	Action  string
	Package string
	Test    string  `json:",omitempty"`
	Output  string  `json:",omitempty"`
	Elapsed float64 `json:",omitempty"`
}

// conversion turns the output of one test program into events of Go tests.
type conversion struct {
	name    string
	harness bool
	code    int // the program's exit code

	out     strings.Builder
	running []string // tests that have started and not ended
	ended   bool
}

// events converts what a program has written.
func (c *conversion) events(stdout, stderr string) string {
	if !c.harness {
		return c.single(stdout + stderr)
	}
	for line := range strings.Lines(stdout) {
		var event libtestEvent
		if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &event) != nil || event.Type == "" {
			c.write(goEvent{Action: "output", Output: line})
			continue
		}
		c.convert(event)
	}
	if !c.ended {
		c.abort(stderr)
	}
	return c.out.String()
}

func (c *conversion) convert(event libtestEvent) {
	if event.Type == "suite" {
		if action, known := map[string]string{"ok": "pass", "failed": "fail"}[event.Event]; known {
			c.ended = true
			c.write(goEvent{Action: action, Elapsed: event.Seconds})
		}
		return
	}
	if event.Event != "started" && event.Event != "timeout" {
		c.running = slices.DeleteFunc(c.running, func(name string) bool { return name == event.Name })
	}
	switch event.Event {
	case "started":
		c.running = append(c.running, event.Name)
		c.write(goEvent{Action: "run", Test: event.Name})
	case "ok":
		c.write(goEvent{Action: "pass", Test: event.Name, Elapsed: event.Seconds})
	case "failed":
		c.said(event.Name, event.Stdout)
		c.said(event.Name, event.Message)
		c.write(goEvent{Action: "fail", Test: event.Name, Elapsed: event.Seconds})
	case "ignored":
		c.said(event.Name, event.Message)
		c.write(goEvent{Action: "skip", Test: event.Name})
	}
}

// single makes one test of a program that says no more than its exit code.
func (c *conversion) single(output string) string {
	const name = "main"
	action := "pass"
	if c.code != 0 {
		action = "fail"
	}
	c.write(goEvent{Action: "run", Test: name})
	c.said(name, output)
	c.write(goEvent{Action: action, Test: name})
	c.write(goEvent{Action: action})
	return c.out.String()
}

// abort fails the tests in the middle of which the program was killed, or has
// ended itself.
func (c *conversion) abort(stderr string) {
	for _, name := range c.running {
		c.said(name, fmt.Sprintf("the test program ended with exit code %d while this test ran\n%s", c.code, stderr))
		c.write(goEvent{Action: "fail", Test: name})
	}
	if len(c.running) == 0 {
		c.said("", stderr)
	}
}

// said writes what a test, or with an empty name the program, has printed.
func (c *conversion) said(test, text string) {
	for line := range strings.Lines(text) {
		c.write(goEvent{Action: "output", Test: test, Output: strings.TrimSuffix(line, "\n") + "\n"})
	}
}

func (c *conversion) write(event goEvent) {
	event.Package = c.name
	line, _ := json.Marshal(event)
	c.out.Write(append(line, '\n'))
}
