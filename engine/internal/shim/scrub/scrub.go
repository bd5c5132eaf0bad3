// Package scrub takes secret values out of streams of bytes, also where a value
// is split across writes. Start with New.
package scrub

import (
	"bytes"
	"strings"
)

// Mask stands in the output for a secret, whatever its length.
const Mask = "***"

// minLine is the length in bytes from which a single line of a secret is a
// secret of its own. Shorter ones (a brace, "EOF") would mask harmless text.
const minLine = 6

// Set is a set of secret values. A nil Set scrubs nothing.
type Set struct {
	patterns []pattern
}

// New returns the set of the given values: each one whole, without the line
// end that editors leave behind, what base64 makes of it, and each of its lines that
// is not very short. Empty values are left out; New returns nil when none remains.
func New(values ...string) *Set {
	set := &Set{}
	seen := map[string]bool{"": true}
	add := func(v string) {
		if !seen[v] {
			seen[v] = true
			set.patterns = append(set.patterns, newPattern(v))
		}
	}
	for _, v := range values {
		v = strings.TrimRight(v, "\r\n")
		add(v)
		if len(v) >= minLine {
			for _, encoded := range encodings(v) {
				add(encoded)
			}
		}
		if !strings.Contains(v, "\n") {
			continue
		}
		for line := range strings.SplitSeq(v, "\n") {
			if line = strings.TrimSpace(line); len(line) >= minLine {
				add(line)
			}
		}
	}
	if len(set.patterns) == 0 {
		return nil
	}
	return set
}

// String returns s without the secrets.
func (s *Set) String(text string) string {
	if s == nil {
		return text
	}
	stream := s.Stream()
	out := stream.Next(nil, []byte(text))
	return string(stream.Flush(out))
}

// Stream starts a stream of its own that is scrubbed of the set's values.
func (s *Set) Stream() *Stream {
	return &Stream{set: s}
}

// pattern is one value to look for.
type pattern struct {
	value []byte
	// borders[i] is the length of the longest proper prefix of value that is
	// also a suffix of value[:i+1].
	borders []int32
}

func newPattern(v string) pattern {
	p := pattern{value: []byte(v), borders: make([]int32, len(v))}
	k := int32(0)
	for i := 1; i < len(v); i++ {
		for k > 0 && v[i] != v[k] {
			k = p.borders[k-1]
		}
		if v[i] == v[k] {
			k++
		}
		p.borders[i] = k
	}
	return p
}

// begun returns the length of the longest proper prefix of the value that text
// ends with.
func (p pattern) begun(text []byte) int {
	if window := len(p.value) - 1; len(text) > window {
		text = text[len(text)-window:]
	}
	k := int32(0)
	for _, b := range text {
		for k > 0 && b != p.value[k] {
			k = p.borders[k-1]
		}
		if b == p.value[k] {
			k++
		}
	}
	return int(k)
}

// each calls found with the place of every occurrence in text, overlapping ones
// too.
func (p pattern) each(text []byte, found func(start, end int)) {
	for from := 0; ; {
		at := bytes.Index(text[from:], p.value)
		if at < 0 {
			return
		}
		found(from+at, from+at+len(p.value))
		from += at + 1
	}
}
