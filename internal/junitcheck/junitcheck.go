// Package junitcheck says whether a file is JUnit XML as CI systems read it:
// Check. It is for tests.
//
// There is no standard. The rules are those of the schema with which Jenkins
// refuses files (junit-10 of its xUnit plugin), the strictest of all, and what
// GitLab documents to read: a name, a class name and a time for each test, no
// test twice, and the text of failures and skips as content.
package junitcheck

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// rule is what an element may hold.
type rule struct {
	required, optional []string // attributes
	children           []string // elements
	text               bool
}

var result = rule{optional: []string{"type", "message"}, text: true}

// rules are by element. The root is testsuites.
var rules = map[string]rule{
	"testsuites": {
		required: []string{"time"}, optional: []string{"name", "tests", "failures", "errors"},
		children: []string{"testsuite"},
	},
	"testsuite": {
		required: []string{"name", "tests", "failures", "errors", "time"},
		optional: []string{"skipped", "timestamp", "hostname", "id", "package", "file", "group", "log", "url"},
		children: []string{"properties", "testcase", "system-out", "system-err"},
	},
	"testcase": {
		required: []string{"name", "classname", "time"}, optional: []string{"group"},
		children: []string{"skipped", "error", "failure", "system-out", "system-err"},
	},
	"properties": {children: []string{"property"}},
	"property":   {required: []string{"name", "value"}},
	"failure":    result,
	"error":      result,
	"skipped":    result,
	"system-out": {text: true},
	"system-err": {text: true},
}

var seconds = regexp.MustCompile(`^\d{1,12}(\.\d{1,9})?$`)

// checker holds what was read so far.
type checker struct {
	open  []string // elements
	seen  map[string]bool
	texts []string // content of the open elements
}

// Check reads a file and returns what is wrong with it first.
func Check(r io.Reader) error {
	c := checker{seen: map[string]bool{}}
	decoder := xml.NewDecoder(r)
	roots := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && roots == 1 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading JUnit XML: %w", err)
		}
		if _, starts := token.(xml.StartElement); starts && len(c.open) == 0 {
			roots++
		}
		if err := c.token(token); err != nil {
			line, _ := decoder.InputPos()
			return fmt.Errorf("JUnit XML, line %d: %w", line, err)
		}
	}
}

func (c *checker) token(token xml.Token) error {
	switch token := token.(type) {
	case xml.StartElement:
		return c.start(token)
	case xml.EndElement:
		return c.end()
	case xml.CharData:
		return c.text(string(token))
	}
	return nil
}

func (c *checker) start(e xml.StartElement) error {
	name := e.Name.Local
	allowed := []string{"testsuites"}
	if len(c.open) > 0 {
		allowed = rules[c.open[len(c.open)-1]].children
	}
	if !slices.Contains(allowed, name) {
		return fmt.Errorf("element %s in %q: want one of %q", name, strings.Join(c.open, "/"), allowed)
	}
	have := map[string]string{}
	for _, a := range e.Attr {
		have[a.Name.Local] = a.Value
		if !slices.Contains(rules[name].required, a.Name.Local) && !slices.Contains(rules[name].optional, a.Name.Local) {
			return fmt.Errorf("element %s has attribute %s", name, a.Name.Local)
		}
	}
	for _, a := range rules[name].required {
		if have[a] == "" {
			return fmt.Errorf("element %s has no %s", name, a)
		}
	}
	if time, timed := have["time"]; timed && !seconds.MatchString(time) {
		return fmt.Errorf("time %q of element %s is not a number of seconds", time, name)
	}
	if key := have["classname"] + "\x00" + have["name"]; name == "testcase" {
		if c.seen[key] {
			return fmt.Errorf("test %s of %s is there twice", have["name"], have["classname"])
		}
		c.seen[key] = true
	}
	c.open, c.texts = append(c.open, name), append(c.texts, "")
	return nil
}

func (c *checker) text(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if len(c.open) == 0 || !rules[c.open[len(c.open)-1]].text {
		return fmt.Errorf("text %q in %q", text, strings.Join(c.open, "/"))
	}
	c.texts[len(c.texts)-1] += text
	return nil
}

func (c *checker) end() error {
	last := len(c.open) - 1
	name, text := c.open[last], c.texts[last]
	c.open, c.texts = c.open[:last], c.texts[:last]
	if (name == "failure" || name == "skipped" || name == "error") && text == "" {
		return fmt.Errorf("element %s has no content that says why", name)
	}
	return nil
}
