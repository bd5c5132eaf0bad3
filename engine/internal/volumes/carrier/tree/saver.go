//go:build linux

package tree

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

const (
	// packSize is how much goes into a pack before it is compressed, in bytes: enough
	// for zstd to find what repeats, and to keep a registry's round trips few.
	packSize = 8 << 20
	// smallPack is a pack that is worth merging with others, in raw bytes.
	smallPack = 1 << 20
	// maxSmall is how many small packs a volume may have.
	maxSmall = 16
)

// saver turns files into packs.
type saver struct {
	root     string
	old      *wire.Index
	sendPack func([]byte) error

	hashes [][]string // by file

	mu    sync.Mutex
	known map[string]bool // chunks that are stored, or in a pack of this save
	packs []wire.Pack     // of this save
	made  map[string]wire.Chunk
}

// hasAll reports whether chunks need not be read.
func (s *saver) hasAll(hashes []string) bool {
	for _, h := range hashes {
		if !s.known[h] {
			return false
		}
	}
	return true
}

// read reads files and sends what is new. Each worker fills a pack of its own.
func (s *saver) read(entries []entry, files []int) error {
	s.made = map[string]wire.Chunk{}
	var group errgroup.Group
	work := make(chan int)
	workers := min(runtime.GOMAXPROCS(0), max(1, len(files)))
	failed := make(chan struct{})
	var once sync.Once
	for range workers {
		group.Go(func() error {
			err := s.worker(entries, work)
			if err != nil {
				once.Do(func() { close(failed) })
			}
			return err
		})
	}
feed:
	for _, i := range files {
		select {
		case work <- i:
		case <-failed:
			break feed
		}
	}
	close(work)
	return group.Wait()
}

func (s *saver) worker(entries []entry, work <-chan int) error {
	p, err := newPacker(s)
	if err != nil {
		return err
	}
	defer p.close()
	for i := range work {
		err := chunks(filepath.Join(s.root, string(entries[i].Path)), &entries[i], p, func(chunk []byte) error {
			hash := hashOf(chunk)
			s.hashes[i] = append(s.hashes[i], hash)
			if !s.claim(hash) {
				return nil
			}
			return p.add(hash, chunk)
		})
		if err != nil {
			return fmt.Errorf("reading %s: %w", entries[i].Path, err)
		}
	}
	return p.flush()
}

func hashOf(chunk []byte) string {
	sum := sha256.Sum256(chunk)
	return hex.EncodeToString(sum[:])
}

// claim reports whether a chunk is new; from then on it is not.
func (s *saver) claim(hash string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[hash] {
		return false
	}
	s.known[hash] = true
	return true
}

// packer collects chunks and compresses them.
type packer struct {
	saver   *saver
	raw     []byte
	pending []wire.Chunk // Pack is not known yet
	encoder *zstd.Encoder
	out     []byte
	buf     []byte // for reading files
}

func newPacker(s *saver) (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(packSize))
	if err != nil {
		return nil, err
	}
	return &packer{saver: s, encoder: enc, raw: make([]byte, 0, packSize), buf: make([]byte, 2*maxChunk)}, nil
}

func (p *packer) close() { _ = p.encoder.Close() }

func (p *packer) add(hash string, chunk []byte) error {
	if len(p.raw)+len(chunk) > packSize {
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.pending = append(p.pending, wire.Chunk{Hash: hash, Offset: int64(len(p.raw)), Length: int64(len(chunk))})
	p.raw = append(p.raw, chunk...)
	return nil
}

func (p *packer) flush() error {
	if len(p.pending) == 0 {
		return nil
	}
	p.out = p.encoder.EncodeAll(p.raw, p.out[:0])
	sum := sha256.Sum256(p.out)
	pack := wire.Pack{Digest: "sha256:" + hex.EncodeToString(sum[:]), Size: int64(len(p.out)), Raw: int64(len(p.raw))}
	if err := p.saver.sendPack(p.out); err != nil {
		return err
	}
	s := p.saver
	s.mu.Lock()
	defer s.mu.Unlock()
	number := len(s.packs)
	s.packs = append(s.packs, pack)
	for _, c := range p.pending {
		c.Pack = number
		s.made[c.Hash] = c
	}
	p.pending, p.raw = p.pending[:0], p.raw[:0]
	return nil
}

// index describes the volume, with the packs that it still needs.
func (s *saver) index(entries []entry) (*wire.Index, error) {
	where := make(map[string]wire.Chunk, len(s.old.Chunks))
	for _, c := range s.old.Chunks {
		where[c.Hash] = c
	}
	if err := s.repack(entries, where); err != nil {
		return nil, err
	}
	x := &indexer{saver: s, where: where, chunks: map[string]int{}, oldPacks: map[int]int{}, newPacks: map[int]int{}}
	x.Version = wire.FormatVersion
	for i, e := range entries {
		f := e.File
		for _, h := range s.hashes[i] {
			n, err := x.chunk(h)
			if err != nil {
				return nil, fmt.Errorf("describing %s: %w", f.Path, err)
			}
			f.Chunks = append(f.Chunks, n)
		}
		x.Files = append(x.Files, f)
	}
	return &x.Index, nil
}

// indexer numbers chunks and packs as files need them.
type indexer struct {
	wire.Index
	saver              *saver
	where              map[string]wire.Chunk
	chunks             map[string]int
	oldPacks, newPacks map[int]int
}

func (x *indexer) chunk(hash string) (int, error) {
	if n, ok := x.chunks[hash]; ok {
		return n, nil
	}
	c, fresh := x.saver.made[hash]
	numbers, packs := x.newPacks, x.saver.packs
	if !fresh {
		old, ok := x.where[hash]
		if !ok {
			return 0, fmt.Errorf("chunk %s is nowhere", hash)
		}
		c, numbers, packs = old, x.oldPacks, x.saver.old.Packs
	}
	number, ok := numbers[c.Pack]
	if !ok {
		number = len(x.Packs)
		numbers[c.Pack] = number
		x.Packs = append(x.Packs, packs[c.Pack])
	}
	c.Pack = number
	x.chunks[hash] = len(x.Chunks)
	x.Chunks = append(x.Chunks, c)
	return x.chunks[hash], nil
}

// repack moves what is still needed out of packs that hold mostly what is not, and
// out of small ones where there are many.
func (s *saver) repack(entries []entry, where map[string]wire.Chunk) error {
	live, users := make([]int64, len(s.old.Packs)), map[int][]int{}
	seen := map[string]bool{}
	for i := range entries {
		for _, h := range s.hashes[i] {
			c, ok := where[h]
			if _, fresh := s.made[h]; fresh || !ok || seen[h] {
				continue
			}
			seen[h] = true
			live[c.Pack] += c.Length
			if u := users[c.Pack]; len(u) == 0 || u[len(u)-1] != i {
				users[c.Pack] = append(u, i)
			}
		}
	}
	again := map[int]bool{}
	for _, pack := range wasteful(s.old.Packs, live) {
		for _, i := range users[pack] {
			again[i] = true
		}
		for h, c := range where {
			if c.Pack == pack && seen[h] {
				delete(s.known, h) // not in where: an old place stays good if the file has changed
			}
		}
	}
	if len(again) == 0 {
		return nil
	}
	files := make([]int, 0, len(again))
	for i := range again {
		s.hashes[i] = nil
		files = append(files, i)
	}
	slices.Sort(files)
	made := s.made
	err := s.read(entries, files)
	for h, c := range made {
		s.made[h] = c
	}
	return err
}

// wasteful lists packs that are to be given up.
func wasteful(packs []wire.Pack, live []int64) []int {
	var wasted, small []int
	for i, p := range packs {
		switch {
		case live[i] == 0:
		case live[i] < p.Raw/2:
			wasted = append(wasted, i)
		case live[i] < smallPack:
			small = append(small, i)
		}
	}
	if len(small) > maxSmall {
		wasted = append(wasted, small...)
	}
	return wasted
}
