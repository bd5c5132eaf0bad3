package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/api"
)

// count is how many of something are served.
type count struct{ served, all int }

func (c *count) add(served bool) {
	c.all++
	if served {
		c.served++
	}
}

func (c count) String() string { return fmt.Sprintf("%d of %d", c.served, c.all) }

// section is what there is to say of a type.
type section struct {
	name            string
	fields, options count
	rows            []string
	outside         []string // fields that are not counted
}

type comparison []section

// compare finds out which of the fields and options that the SDK knows are served.
func compare(known types, have served) comparison {
	var all comparison
	for _, name := range scope {
		s := section{name: name}
		for _, f := range known[name] {
			s.add(f, have)
		}
		if len(known[name]) > 0 {
			all = append(all, s)
		}
	}
	return all
}

func (s *section) add(f field, have served) {
	path := s.name + "." + f.name
	if isOutside(path, f) {
		s.outside = append(s.outside, "`"+f.name+"`")
		return
	}
	here := have.fields[path]
	s.fields.add(here)
	var options, missing []string
	for _, a := range f.arguments {
		if !a.optional {
			continue
		}
		option := path + "." + a.name
		ok := here && have.options[option]
		s.options.add(ok)
		switch {
		case ok:
			options = append(options, "`"+a.name+"`")
		case here:
			missing = append(missing, "`"+a.name+"`"+because(reason(option, a.name)))
		}
	}
	served := "yes"
	if !here {
		served = "no" + because(reason(path, f.name))
	}
	s.rows = append(s.rows, fmt.Sprintf("| `%s` | %s | %s | %s |", f.name, served, strings.Join(options, " "), strings.Join(missing, ", ")))
}

// isOutside reports whether a field leads out of what is in scope.
func isOutside(path string, f field) bool {
	return outside[path] || !plain[f.returns] && !slices.Contains(scope, f.returns)
}

func reason(path, name string) string {
	if r := reasons[path]; r != "" {
		return r
	}
	return reasons["."+name]
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// page is the document. Nothing in it depends on the machine.
func (c comparison) page() string {
	var fields, options count
	var summary, details strings.Builder
	for _, s := range c {
		fields = count{fields.served + s.fields.served, fields.all + s.fields.all}
		options = count{options.served + s.options.served, options.all + s.options.all}
		fmt.Fprintf(&summary, "| [%s](#%s) | %s | %s |\n", s.name, strings.ToLower(s.name), s.fields, s.options)
		fmt.Fprintf(&details, "\n## %s\n\n| field | served | options | options that are not served |\n|---|---|---|---|\n%s\n", s.name, strings.Join(s.rows, "\n"))
		if len(s.outside) > 0 {
			fmt.Fprintf(&details, "\nNot in scope: %s.\n", strings.Join(s.outside, " "))
		}
	}
	return fmt.Sprintf(intro, api.Version) + summary.String() +
		fmt.Sprintf("| all | %s | %s |\n", fields, options) + details.String()
}

const intro = `# The API, field by field

This page is made by a program (` + "`go generate ./engine/internal/api`" + `) from the schema that is served and from the Dagger SDK for Go %s, which knows
the whole API; a test fails when it is stale. What is not served is refused by name, with what to do instead. Arguments that
a field needs are not listed: they are served where the field is.

Not in scope, and not counted: modules and functions at run time, LLMs and their environments, workspaces, the cloud, checks and generators. They are
parts of Dagger's own engine: on one (` + "`--engine dagger`" + `) they work.

` + "`ci schema`" + ` prints the schema as SDL, and with ` + "`--json`" + ` what introspection says of it.

| type | fields | options |
|---|---|---|
`
