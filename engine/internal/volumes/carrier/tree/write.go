//go:build linux

package tree

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// piece is a part of a file that lies in a pack.
type piece struct {
	file           int
	offset, length int64 // within the pack
	at             int64 // within the file
}

// writers write files as the packs with their pieces come.
type writers struct {
	root   string
	index  *wire.Index
	pieces [][]piece // by pack

	mu      sync.Mutex
	missing []int // pieces by file
	got     []bool
	err     error
}

func newWriters(root string, index *wire.Index) (*writers, error) {
	w := &writers{root: root, index: index, pieces: make([][]piece, len(index.Packs)), missing: make([]int, len(index.Files)), got: make([]bool, len(index.Packs))}
	for i, f := range index.Files {
		if f.Type != wire.Regular {
			continue
		}
		var at int64
		for _, n := range f.Chunks {
			c := index.Chunks[n]
			w.pieces[c.Pack] = append(w.pieces[c.Pack], piece{file: i, offset: c.Offset, length: c.Length, at: at})
			at += c.Length
		}
		w.missing[i] = len(f.Chunks)
		if len(f.Chunks) == 0 {
			if err := w.empty(f); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

func (w *writers) empty(f wire.File) error {
	file, err := os.OpenFile(filepath.Join(w.root, string(f.Path)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(finish(file, f), file.Close())
}

// work writes packs until there are no more.
func (w *writers) work(next func() (int, []byte, error)) error {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*packSize))
	if err != nil {
		return err
	}
	defer dec.Close()
	raw := make([]byte, 0, packSize)
	for {
		number, data, err := w.take(next)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		raw, err = dec.DecodeAll(data, raw[:0])
		wire.Free(data)
		if err != nil {
			return w.fail(fmt.Errorf("decompressing a pack: %w", err))
		}
		if int64(len(raw)) != w.index.Packs[number].Raw {
			return w.fail(fmt.Errorf("pack %s has %d bytes instead of %d", w.index.Packs[number].Digest, len(raw), w.index.Packs[number].Raw))
		}
		for _, p := range w.pieces[number] {
			if err := w.write(p, raw[p.offset:p.offset+p.length]); err != nil {
				return w.fail(err)
			}
		}
	}
}

// take returns the next pack, in turn with the others.
func (w *writers) take(next func() (int, []byte, error)) (int, []byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, nil, w.err
	}
	number, data, err := next()
	if err == nil && (number < 0 || number >= len(w.got) || w.got[number]) {
		err = fmt.Errorf("pack %d was not asked for", number)
	}
	if err != nil {
		w.err = err
		return 0, nil, err
	}
	w.got[number] = true
	return number, data, nil
}

// fail makes the other workers stop.
func (w *writers) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return err
}

func (w *writers) write(p piece, data []byte) error {
	f := w.index.Files[p.file]
	file, err := os.OpenFile(filepath.Join(w.root, string(f.Path)), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, p.at)
	w.mu.Lock()
	w.missing[p.file]--
	last := w.missing[p.file] == 0
	w.mu.Unlock()
	if err == nil && last {
		err = finish(file, f)
	}
	return errors.Join(err, file.Close())
}

// finish gives a file that was written its attributes.
func finish(file *os.File, f wire.File) error {
	if f.UID != os.Geteuid() || f.GID != os.Getegid() {
		if err := file.Chown(f.UID, f.GID); err != nil {
			return err
		}
	}
	if f.Mode != 0o600 {
		if err := unix.Fchmod(int(file.Fd()), f.Mode); err != nil {
			return &os.PathError{Op: "chmod", Path: file.Name(), Err: err}
		}
	}
	return setTime(unix.AT_FDCWD, file.Name(), f.MTime)
}

// complete says what is missing.
func (w *writers) complete() error {
	for i, got := range w.got {
		if !got {
			return fmt.Errorf("pack %s is missing", w.index.Packs[i].Digest)
		}
	}
	return nil
}
