package ociimage

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

// copyBuffer is the size of the buffers between files, in bytes.
const copyBuffer = 256 << 10

// spool is a temporary file that is written once, then read at any offset.
// It is unlinked at once where the system allows it, so that nothing stays
// behind even if the process is killed.
type spool struct {
	file     *os.File
	buf      *bufio.Writer
	size     int64
	unlinked bool
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "bodkin-image-*")
	if err != nil {
		return nil, fmt.Errorf("creating a temporary file: %w", err)
	}
	s := &spool{file: f, buf: bufio.NewWriterSize(f, copyBuffer)}
	s.unlinked = os.Remove(f.Name()) == nil
	return s, nil
}

// Write appends p.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.buf.Write(p)
	s.size += int64(n)
	if err != nil {
		return n, s.explain(err)
	}
	return n, nil
}

// Flush makes everything written so far readable.
func (s *spool) Flush() error {
	if err := s.buf.Flush(); err != nil {
		return s.explain(err)
	}
	return nil
}

func (s *spool) explain(err error) error {
	return fmt.Errorf("writing a temporary file (set TMPDIR to use another folder): %w", err)
}

// Section reads size bytes from off. Many sections may be read side by side.
func (s *spool) Section(off, size int64) *io.SectionReader {
	return io.NewSectionReader(s.file, off, size)
}

// ReadAt reads what was flushed.
func (s *spool) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// Close gives the file's space back.
func (s *spool) Close() error {
	err := s.file.Close()
	if !s.unlinked {
		_ = os.Remove(s.file.Name())
	}
	return err
}
