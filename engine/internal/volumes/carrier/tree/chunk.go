//go:build linux

package tree

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	chunkers "github.com/PlakarKorp/go-cdc-chunkers"
	_ "github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc" // the algorithm below
)

// Sizes of chunks in bytes. Files below minChunk are one chunk.
const (
	minChunk    = 256 << 10
	normalChunk = 1 << 20
	maxChunk    = 4 << 20
)

const chunking = "fastcdc-v1.0.0"

// chunks hands the content of a file to use, piece by piece; a piece is valid until
// use returns. A file that has gone is empty. What is read decides about the entry's size.
func chunks(path string, e *entry, p *packer, use func([]byte) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		e.Size, e.CTime = 0, unsettled
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := split(f, e.Size, p.buf, use)
	if size != e.Size {
		e.Size, e.CTime = size, unsettled
	}
	return err
}

// unsettled is the stamp of a file that changed while it was read.
const unsettled = 1<<63 - 1

func split(f io.Reader, size int64, buf []byte, use func([]byte) error) (int64, error) {
	if size < minChunk {
		n, err := io.ReadFull(f, buf[:minChunk])
		if n == 0 && errors.Is(err, io.EOF) {
			return 0, nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return int64(n), use(buf[:n])
		}
		if err != nil {
			return 0, err
		}
		// It has grown meanwhile: on with what was read.
		f = io.MultiReader(bytes.NewReader(bytes.Clone(buf[:n])), f)
	}
	chunker, err := chunkers.NewChunkerBuffer(chunking, f, &chunkers.ChunkerOpts{MinSize: minChunk, NormalSize: normalChunk, MaxSize: maxChunk}, buf)
	if err != nil {
		return 0, err
	}
	var total int64
	for {
		chunk, err := chunker.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return total, err
		}
		if len(chunk) > 0 {
			total += int64(len(chunk))
			if err := use(chunk); err != nil {
				return total, err
			}
		}
		if err != nil {
			return total, nil
		}
	}
}
