//go:build linux

package tree

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// Volume is where a volume and what is remembered of it lie.
type Volume struct {
	Dir   string
	State string
	// First is the folder with the volume's first content, or "".
	First string
	Name  string
}

// Save reads the volume. send gets each pack that old does not have, and may be
// called by several goroutines at once.
func Save(v Volume, old *wire.Index, send func([]byte) error) (*wire.Index, wire.Answer, error) {
	var answer wire.Answer
	unlock, err := lock(v)
	if err != nil {
		return nil, answer, err
	}
	defer unlock()
	before := time.Now()
	entries, skipped, err := scan(v.Dir)
	if err != nil {
		return nil, answer, fmt.Errorf("listing the volume: %w", err)
	}
	s := &saver{root: v.Dir, old: old, known: map[string]bool{}, hashes: make([][]string, len(entries)), sendPack: send}
	for _, c := range old.Chunks {
		s.known[c.Hash] = true
	}
	remembered := loadState(v.State, v.Name)
	var unread []int
	for i, e := range entries {
		if e.Type != wire.Regular {
			continue
		}
		if hashes, ok := remembered.hashes(e); ok && s.hasAll(hashes) {
			s.hashes[i] = hashes
		} else {
			unread = append(unread, i)
		}
	}
	if err := s.read(entries, unread); err != nil {
		return nil, answer, err
	}
	index, err := s.index(entries)
	if err != nil {
		return nil, answer, err
	}
	position := make(map[wire.Name]int, len(entries))
	for i, e := range entries {
		position[e.Path] = i
	}
	fresh := newState(entries, func(e entry) []string { return s.hashes[position[e.Path]] }, before)
	_ = fresh.save(v.State, v.Name) // the next save reads more
	answer = wire.Answer{Files: len(index.Files), Skipped: skipped, Packs: index.Packs, Unchanged: same(old, index)}
	for _, f := range index.Files {
		answer.Bytes += f.Size
	}
	return index, answer, nil
}

// same reports whether two indexes describe the same files in the same packs.
func same(a, b *wire.Index) bool {
	if len(a.Files) != len(b.Files) || len(a.Packs) != len(b.Packs) {
		return false
	}
	for i := range a.Packs {
		if a.Packs[i] != b.Packs[i] {
			return false
		}
	}
	for i := range a.Files {
		if !sameFile(a, a.Files[i], b, b.Files[i]) {
			return false
		}
	}
	return true
}

func sameFile(xa *wire.Index, a wire.File, xb *wire.Index, b wire.File) bool {
	if a.Path != b.Path || a.Type != b.Type || a.Mode != b.Mode || a.UID != b.UID || a.GID != b.GID ||
		a.MTime != b.MTime || a.Size != b.Size || a.Link != b.Link || len(a.Chunks) != len(b.Chunks) {
		return false
	}
	for i := range a.Chunks {
		if xa.Chunks[a.Chunks[i]].Hash != xb.Chunks[b.Chunks[i]].Hash {
			return false
		}
	}
	return true
}

func (v Volume) path(rel wire.Name) string { return filepath.Join(v.Dir, string(rel)) }
