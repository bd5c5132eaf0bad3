package api

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds on a query, besides maxQuery. Programs that use an SDK do not come near:
// it sends one chain of calls at a time.
const (
	// maxDepth bounds brackets of any kind within each other: how many calls a chain
	// has. Decoders of JSON, Go's too, read answers up to 10,000 deep.
	maxDepth = 9_990
	// maxFields bounds the fields that a query selects, fragments counted wherever
	// they are spread.
	maxFields = 20_000
	// maxPairs bounds how many pairs of fields within one selection are compared:
	// about a thousand fields side by side.
	maxPairs = 500_000
)

// What is said of a query that goes beyond.
var (
	errTooDeep = fmt.Errorf("the query nests more than %d calls: ask for the ID of an object on the way, and go on from there", maxDepth)
	errTooMany = fmt.Errorf("the query selects more than %d fields: send several", maxFields)
	errTooWide = errors.New("the query selects too many fields side by side: send several")
)

// bounded refuses a query that would take too much to parse, check or answer. It reads
// the query's words once, and leaves mistakes to the parser.
func bounded(query string) error {
	scan := scanner{rest: query, fragments: map[string]*selected{}}
	scan.current = scan.operation()
	for {
		word, ok := scan.next()
		if !ok {
			break
		}
		if err := scan.take(word); err != nil {
			return err
		}
	}
	for _, op := range scan.operations {
		if op.cost(scan.fragments) > maxFields {
			return errTooMany
		}
	}
	return nil
}

// selected is what an operation or a fragment selects.
type selected struct {
	fields  int
	spreads []string
	known   bool // total is
	total   int
}

// cost is the number of fields with those of fragments. It ends once it is too many.
func (s *selected) cost(fragments map[string]*selected) int {
	if s.known {
		return s.total
	}
	s.known, s.total = true, s.fields // a circle, which the library refuses, ends here
	for _, name := range s.spreads {
		if fragment := fragments[name]; fragment != nil {
			s.total = min(s.total+fragment.cost(fragments), maxFields+1)
		}
	}
	return s.total
}

// scanner reads a query's words: names, and punctuation by the byte.
type scanner struct {
	rest       string
	open       []byte // brackets
	inside     int    // of brackets, how many are no selections: arguments, lists
	last       string // the word before
	operations []*selected
	fragments  map[string]*selected
	current    *selected
}

func (s *scanner) operation() *selected {
	op := &selected{}
	s.operations = append(s.operations, op)
	return op
}

// take counts a word in.
func (s *scanner) take(word string) error {
	before := s.last
	s.last = word
	switch word {
	case "{", "(", "[":
		if len(s.open) == 0 && word == "{" && before == "}" || before == "" {
			s.current = s.operation()
		}
		s.open = append(s.open, word[0])
		if word != "{" || s.inside > 0 {
			s.inside++
		}
		if len(s.open) > maxDepth {
			return errTooDeep
		}
		return nil
	case "}", ")", "]":
		if len(s.open) > 0 {
			s.open = s.open[:len(s.open)-1]
			s.inside = max(0, s.inside-1)
		}
		return nil
	}
	s.name(before, word)
	return nil
}

// name counts a name in that stands after another word.
func (s *scanner) name(before, word string) {
	switch {
	case !isName(word) || s.inside > 0:
	case len(s.open) > 0:
		s.field(before, word)
	case before == "fragment":
		s.current = &selected{}
		s.fragments[word] = s.current
	case word == "query" || word == "mutation" || word == "subscription":
		s.current = s.operation()
	}
}

// field counts a name within a selection.
func (s *scanner) field(before, word string) {
	switch {
	case before == "..." && word != "on":
		s.current.spreads = append(s.current.spreads, word)
	case before == "..." || before == "on" || before == "@": // a fragment's type, a directive
	case before == ":": // the field of an alias, which is counted
	default:
		s.current.fields++
	}
}

// next is the next word, and whether there is one.
func (s *scanner) next() (string, bool) {
	for s.rest != "" {
		switch c := s.rest[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',':
			s.rest = s.rest[1:]
		case c == '#':
			end := strings.IndexAny(s.rest, "\r\n")
			if end < 0 {
				return "", false
			}
			s.rest = s.rest[end:]
		case c == '"':
			return s.cut(textEnd(s.rest)), true
		case strings.HasPrefix(s.rest, "..."):
			return s.cut(3), true
		case isLetter(c):
			end := 1
			for end < len(s.rest) && (isLetter(s.rest[end]) || '0' <= s.rest[end] && s.rest[end] <= '9') {
				end++
			}
			return s.cut(end), true
		default:
			return s.cut(1), true
		}
	}
	return "", false
}

func (s *scanner) cut(n int) string {
	word := s.rest[:n]
	s.rest = s.rest[n:]
	return word
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

func isName(word string) bool { return isLetter(word[0]) }

// textEnd is where the text ends that a query begins with. The library knows no blocks
// of text: to it three quotes are an empty text and the beginning of another one.
func textEnd(query string) int {
	for i := 1; i < len(query); i++ {
		switch query[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n':
			return i // not ended: a mistake
		}
	}
	return len(query)
}
