package scrub

import (
	"cmp"
	"slices"
)

// Stream scrubs what passes through it. It holds back no more than an end of
// the text that may be the beginning of a secret.
type Stream struct {
	set *Set
	// held is text that has come in and has not gone out.
	held []byte
	// masked is how many bytes at held's beginning belong to an occurrence
	// whose Mask has gone out already.
	masked int
}

// span is a part of the text that is covered by secrets.
type span struct{ start, end int }

// Next appends to dst what may go out after chunk has come in, and returns the
// extended slice. It keeps nothing of chunk.
func (s *Stream) Next(dst, chunk []byte) []byte {
	s.held = append(s.held, chunk...)
	hold := 0
	for _, p := range s.set.patterns {
		hold = max(hold, p.begun(s.held))
	}
	return s.release(dst, len(s.held)-hold)
}

// Flush appends what is still held back: call it at the end of the stream.
func (s *Stream) Flush(dst []byte) []byte {
	return s.release(dst, len(s.held))
}

// release appends the held text up to cut, masked, and keeps the rest.
func (s *Stream) release(dst []byte, cut int) []byte {
	if cut == 0 {
		return dst
	}
	at, masked := 0, 0
	for i, sp := range s.spans() {
		if sp.start >= cut {
			break
		}
		if i > 0 || s.masked == 0 {
			dst = append(dst, s.held[at:sp.start]...)
			dst = append(dst, Mask...)
		}
		at = min(sp.end, cut)
		masked = max(0, sp.end-cut)
	}
	dst = append(dst, s.held[at:cut]...)
	s.held = append(s.held[:0], s.held[cut:]...)
	s.masked = masked
	return dst
}

// spans returns the covered parts of the held text in order, overlapping
// occurrences as one. If text at the beginning is masked already, it is in the
// first span.
func (s *Stream) spans() []span {
	var all []span
	if s.masked > 0 {
		all = append(all, span{0, s.masked})
	}
	for _, p := range s.set.patterns {
		p.each(s.held, func(start, end int) { all = append(all, span{start, end}) })
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	merged := all[:0]
	for _, sp := range all {
		if last := len(merged) - 1; last >= 0 && sp.start < merged[last].end {
			merged[last].end = max(merged[last].end, sp.end)
			continue
		}
		merged = append(merged, sp)
	}
	return merged
}
