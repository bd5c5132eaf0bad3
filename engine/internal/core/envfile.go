package core

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// EnvFile is environment variables as a file has them: one assignment a line, in the
// shell's syntax. Comments and empty lines stay where they are.
type EnvFile struct{ lines []string }

// ParseEnvFile takes the lines of a file. They are read when a value is asked for.
func ParseEnvFile(contents string) EnvFile {
	contents = strings.TrimSuffix(strings.ReplaceAll(contents, "\r\n", "\n"), "\n")
	if contents == "" {
		return EnvFile{}
	}
	return EnvFile{strings.Split(contents, "\n")}
}

// Variable is a variable and its value.
type Variable struct{ Name, Value string }

// split reads a line; ok is false for one that sets nothing.
func split(line string) (v Variable, ok bool) {
	line = strings.TrimLeft(line, " \t")
	if rest, found := strings.CutPrefix(line, "export"); found && rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		line = strings.TrimLeft(rest, " \t")
	}
	if line == "" || line[0] == '#' {
		return Variable{}, false
	}
	name, value, _ := strings.Cut(line, "=")
	return Variable{strings.TrimRight(name, " \t"), value}, true
}

// Raw are the variables with their values as they are written. The last value of a
// name counts, at the place of the first.
func (e EnvFile) Raw() []Variable {
	var out []Variable
	at := map[string]int{}
	for _, line := range e.lines {
		v, ok := split(line)
		if !ok {
			continue
		}
		if i, known := at[v.Name]; known {
			out[i] = v
			continue
		}
		at[v.Name] = len(out)
		out = append(out, v)
	}
	return out
}

// Exists reports whether a variable is set.
func (e EnvFile) Exists(name string) bool {
	return slices.ContainsFunc(e.Raw(), func(v Variable) bool { return v.Name == name })
}

// WithVariable sets a variable, where it is set already or at the end.
func (e EnvFile) WithVariable(name, value string) EnvFile {
	lines := slices.Clone(e.lines)
	for i, line := range lines {
		if v, ok := split(line); ok && v.Name == name {
			lines[i] = name + "=" + value
			rest := EnvFile{lines[i+1:]}.WithoutVariable(name)
			return EnvFile{append(lines[:i+1:i+1], rest.lines...)}
		}
	}
	return EnvFile{append(lines, name+"="+value)}
}

// WithoutVariable removes all assignments of a variable.
func (e EnvFile) WithoutVariable(name string) EnvFile {
	return EnvFile{slices.DeleteFunc(slices.Clone(e.lines), func(line string) bool {
		v, ok := split(line)
		return ok && v.Name == name
	})}
}

// Contents is what the file holds.
func (e EnvFile) Contents() string {
	if len(e.lines) == 0 {
		return ""
	}
	return strings.Join(e.lines, "\n") + "\n"
}

// Variables are the variables with their values as a shell has them: without
// quotes, and with those of other variables, of the file or else of this process.
func (e EnvFile) Variables() ([]Variable, error) {
	x := newExpansion(e)
	out := e.Raw()
	for i := range out {
		var err error
		if out[i].Value, err = x.value(out[i].Name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Get is the value of a variable, or empty.
func (e EnvFile) Get(name string) (string, error) {
	if !e.Exists(name) {
		return "", nil
	}
	return newExpansion(e).value(name)
}

// Namespace are the variables whose names start with a prefix, in any case, without
// it and the underscore after it. Their values stay what they are.
func (e EnvFile) Namespace(prefix string) (EnvFile, error) {
	prefix = strings.TrimSuffix(strings.ReplaceAll(prefix, "-", "_"), "_")
	if prefix != "" {
		prefix += "_"
	}
	all, err := e.Variables()
	if err != nil {
		return EnvFile{}, err
	}
	var out EnvFile
	for _, v := range all {
		if len(v.Name) > len(prefix) && strings.EqualFold(v.Name[:len(prefix)], prefix) {
			out = out.WithVariable(v.Name[len(prefix):], quote(v.Value))
		}
	}
	return out, nil
}

// quote writes a value so that it reads as itself.
func quote(value string) string {
	if !hasShellSyntax.MatchString(value) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// hasShellSyntax finds what a shell reads as something else than itself. What is
// not found is a value as it is, with its spaces.
var hasShellSyntax = regexp.MustCompile("[`\"'\\\\]|\\$[A-Za-z_{(]")

// expansion finds out values that hold those of other variables.
type expansion struct {
	raw    map[string]string
	done   map[string]string
	within map[string]bool
}

func newExpansion(e EnvFile) *expansion {
	x := &expansion{raw: map[string]string{}, done: map[string]string{}, within: map[string]bool{}}
	for _, v := range e.Raw() {
		x.raw[v.Name] = v.Value
	}
	return x
}

func (x *expansion) value(name string) (string, error) {
	if v, ok := x.done[name]; ok {
		return v, nil
	}
	if x.within[name] {
		return "", fmt.Errorf("variable %s is made of itself", name)
	}
	x.within[name] = true
	defer delete(x.within, name)
	value, err := x.expand(x.raw[name])
	if err != nil {
		return "", fmt.Errorf("reading variable %s: %w", name, err)
	}
	x.done[name] = value
	return value, nil
}

func (x *expansion) expand(raw string) (string, error) {
	if !hasShellSyntax.MatchString(raw) {
		return raw, nil
	}
	words, err := parseWords(raw)
	if err != nil {
		return "", err
	}
	env := &environment{expansion: x}
	fields, err := expand.Fields(&expand.Config{NoUnset: true, Env: env}, words...)
	if env.failed != nil {
		return "", env.failed
	}
	return strings.Join(fields, " "), err
}

// environment is where an expansion finds variables: in the file, else in this
// process.
type environment struct {
	*expansion
	failed error
}

// Get implements expand.Environ.
func (e *environment) Get(name string) expand.Variable {
	value, ok := os.LookupEnv(name)
	if _, own := e.raw[name]; own {
		var err error
		value, err = e.value(name)
		e.failed, ok = errors.Join(e.failed, err), true
	} else if name == "IFS" {
		value, ok = " \t\n", true
	}
	return expand.Variable{Set: ok, Kind: expand.String, Str: value}
}

// Each implements expand.Environ. Only names with a prefix (${!A*}) would need it.
func (e *environment) Each(func(name string, v expand.Variable) bool) {}

// parseWords reads the right side of an assignment as a shell does. What follows a
// space belongs to the value, too.
func parseWords(raw string) ([]*syntax.Word, error) {
	var words []*syntax.Word
	err := syntax.NewParser().Words(strings.NewReader(raw), func(w *syntax.Word) bool {
		words = append(words, w)
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("its value is no shell syntax: %w", err)
	}
	return words, nil
}
