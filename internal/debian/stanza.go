package debian

import (
	"iter"
	"strings"
)

// stanza is one paragraph of a control file: its fields in order. Values keep
// their continuation lines as written.
type stanza []field

type field struct {
	name, value string
	line        int // 1-based, of the field's name
}

// get returns the value of a field, or "". Names are compared without case.
func (s stanza) get(name string) string {
	for _, f := range s {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// stanzas yields the paragraphs of a control file. Comment lines are left out;
// lines that are neither a field nor a continuation are yielded as a field
// with an empty name, for callers that refuse them.
func stanzas(text string) iter.Seq[stanza] {
	return func(yield func(stanza) bool) {
		var cur stanza
		n := 0
		for len(text) > 0 {
			line, rest, _ := strings.Cut(text, "\n")
			text = rest
			n++
			line = strings.TrimRight(line, " \t\r")
			switch {
			case line == "":
				if len(cur) > 0 && !yield(cur) {
					return
				}
				cur = nil
			case line[0] == '#':
			case line[0] == ' ' || line[0] == '\t':
				if len(cur) > 0 {
					cur[len(cur)-1].value += "\n" + line
				} else {
					cur = append(cur, field{value: line, line: n})
				}
			default:
				name, value, ok := strings.Cut(line, ":")
				if !ok {
					name, value = "", line
				}
				cur = append(cur, field{name, strings.TrimSpace(value), n})
			}
		}
		if len(cur) > 0 {
			yield(cur)
		}
	}
}
