//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ignoreFiles hold patterns of what not to search, the last one wins.
var ignoreFiles = []string{".gitignore", ".ignore", ".rgignore"}

// opinion is what patterns say of a path.
type opinion int

const (
	unnamed  opinion = iota
	named            // by a pattern
	excepted         // by a pattern after a !
)

// rule is a pattern of a .gitignore file.
type rule struct {
	below   string // where the file with it is
	re      *regexp.Regexp
	except  bool
	folders bool // only folders are meant
}

type rules []rule

// match asks the patterns, the last one first.
func (r rules) match(name string, folder bool) opinion {
	for i := len(r) - 1; i >= 0; i-- {
		rel, ok := strings.CutPrefix(name, r[i].below)
		if !ok || r[i].folders && !folder || !r[i].re.MatchString(rel) {
			continue
		}
		if r[i].except {
			return excepted
		}
		return named
	}
	return unnamed
}

// demand reports whether there is a pattern that says what is wanted, and not only
// what is not.
func (r rules) demand() bool {
	for _, one := range r {
		if !one.except {
			return true
		}
	}
	return false
}

// read adds the patterns of the files in a folder.
func (r rules) read(tree, folder string) rules {
	r = r[:len(r):len(r)]
	for _, name := range ignoreFiles {
		content, err := os.ReadFile(filepath.Join(tree, folder, name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			line = strings.TrimRight(line, "\r\n")
			if line != "" && line[0] != '#' {
				r = r.add(line, folder)
			}
		}
	}
	return r
}

// add adds a pattern that holds below a folder.
func (r rules) add(pattern, folder string) rules {
	one := rule{}
	if folder != "" {
		one.below = folder + "/"
	}
	if !strings.HasSuffix(pattern, `\ `) {
		pattern = strings.TrimRight(pattern, " ")
	}
	pattern, one.except = strings.CutPrefix(pattern, "!")
	pattern, one.folders = strings.CutSuffix(pattern, "/")
	if pattern == "" {
		return r
	}
	anchored := strings.Contains(pattern, "/")
	expression := globExpression(strings.TrimPrefix(pattern, "/"))
	if !anchored {
		expression = "(?:.*/)?" + expression
	}
	re, err := regexp.Compile("^" + expression + "$")
	if err != nil {
		return r // as git: what is no pattern matches nothing
	}
	one.re = re
	return append(r, one)
}

// globExpression translates a pattern: * and ? stay within a name, ** does not,
// {a,b} is either.
func globExpression(glob string) string {
	var out strings.Builder
	depth := 0
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case strings.HasPrefix(glob[i:], "**/") && (i == 0 || glob[i-1] == '/'):
			out.WriteString("(?:.*/)?")
			i += 2
		case glob[i:] == "**" && (i == 0 || glob[i-1] == '/'):
			out.WriteString(".+")
			i++
		case c == '*':
			out.WriteString("[^/]*")
		case c == '?':
			out.WriteString("[^/]")
		case c == '[':
			class, length := charClass(glob[i:])
			out.WriteString(class)
			i += length - 1
		case c == '{' && strings.Contains(glob[i:], "}"):
			out.WriteString("(?:")
			depth++
		case c == '}' && depth > 0:
			out.WriteString(")")
			depth--
		case c == ',' && depth > 0:
			out.WriteString("|")
		case c == '\\' && i+1 < len(glob):
			i++
			out.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			out.WriteString(literal(c))
		}
	}
	return out.String()
}

// literal is a byte of a name, which need not be UTF-8.
func literal(c byte) string {
	if c < 0x80 {
		return regexp.QuoteMeta(string(rune(c)))
	}
	return string([]byte{c})
}

// charClass translates a class such as [a-z] or [!a-z], and returns its length. One
// without an end is a plain bracket.
func charClass(glob string) (string, int) {
	start := 1
	if start < len(glob) && (glob[start] == '!' || glob[start] == '^') {
		start++
	}
	end := strings.IndexByte(glob[min(start+1, len(glob)):], ']')
	if end < 0 {
		return `\[`, 1
	}
	end += start + 1
	inside := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(glob[start:end])
	if start == 2 {
		return "[^/" + inside + "]", end + 1
	}
	return "[" + inside + "]", end + 1
}
