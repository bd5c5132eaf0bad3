//go:build linux

package tree

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// settle is how old a change must be before a file's stamp is trusted: a change
// within the same tick of the clock would leave the same stamp.
const settle = 20 * time.Millisecond

// state is what the carrier remembers of a volume on this daemon, so that files
// that have not changed are not read again.
type state struct {
	Files map[wire.Name]known `json:"files"`
}

type known struct {
	stamp
	Size   int64    `json:"s"`
	MTime  int64    `json:"m"`
	Hashes []string `json:"h"`
}

func statePath(dir, name string) string { return filepath.Join(dir, name+".json.zst") }

// loadState returns an empty state where there is none that can be read.
func loadState(dir, name string) state {
	none := state{Files: map[wire.Name]known{}}
	data, err := os.ReadFile(statePath(dir, name))
	if err != nil {
		return none
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		return none
	}
	defer dec.Close()
	plain, err := dec.DecodeAll(data, nil)
	if err != nil {
		return none
	}
	var s state
	if json.Unmarshal(plain, &s) != nil || s.Files == nil {
		return none
	}
	return s
}

// save replaces the state on disk. What it has not written is read again.
func (s state) save(dir, name string) error {
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	defer enc.Close()
	tmp := statePath(dir, name) + ".new"
	if err = os.WriteFile(tmp, enc.EncodeAll(plain, nil), 0o600); err == nil {
		err = os.Rename(tmp, statePath(dir, name))
	}
	if err != nil {
		_ = os.Remove(tmp)
	}
	return err
}

// hashes returns the chunks of a file if it has not changed.
func (s state) hashes(e entry) ([]string, bool) {
	k, ok := s.Files[e.Path]
	return k.Hashes, ok && k.stamp == e.stamp && k.Size == e.Size && k.MTime == e.MTime
}

// newState remembers files as they were found; before is when reading them began.
func newState(entries []entry, hashes func(entry) []string, before time.Time) state {
	s := state{Files: make(map[wire.Name]known, len(entries))}
	limit := before.Add(-settle).UnixNano()
	for _, e := range entries {
		if e.Type == wire.Regular && e.CTime < limit {
			s.Files[e.Path] = known{e.stamp, e.Size, e.MTime, hashes(e)}
		}
	}
	return s
}
