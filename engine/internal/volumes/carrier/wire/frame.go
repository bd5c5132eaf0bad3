// Package wire is what travels between the carrier in a container and the client:
// frames on the carrier's standard input and output. Start with Writer and Reader.
package wire

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// Kind says what a frame holds.
type Kind byte

// The kinds of frames.
const (
	// KindHello is the carrier's first frame on its standard output: where it waits for
	// a client on the same machine, if it does.
	KindHello Kind = 'h'
	// KindRequest is a Request, the first frame to the carrier.
	KindRequest Kind = 'r'
	// KindAnswer is an Answer, from the carrier.
	KindAnswer Kind = 'a'
	// KindIndex is an encoded Index.
	KindIndex Kind = 'i'
	// KindPack is a compressed pack.
	KindPack Kind = 'p'
	// KindEnd says that all packs were sent.
	KindEnd Kind = 'e'
	// KindError is a text: what failed, from the carrier.
	KindError Kind = 'x'
)

// maxFrame bounds a frame in bytes: an index of ten million files has less.
const maxFrame = 1 << 30

const headerSize = 5

// Writer writes frames. It is safe for concurrent use.
type Writer struct {
	mu  sync.Mutex
	out io.Writer
}

// NewWriter returns a writer of frames to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Frame writes one frame, whose payload is in parts.
func (w *Writer) Frame(kind Kind, payload ...[]byte) error {
	size := 0
	for _, part := range payload {
		size += len(part)
	}
	if size > maxFrame {
		return fmt.Errorf("a frame of %d bytes is too large", size)
	}
	var header [headerSize]byte
	header[0] = byte(kind)
	binary.BigEndian.PutUint32(header[1:], uint32(size)) //nolint:gosec // bounded above
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, part := range append([][]byte{header[:]}, payload...) {
		if len(part) == 0 {
			continue // a pipe would wait for a reader
		}
		if _, err := w.out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// JSON writes one frame that holds v.
func (w *Writer) JSON(kind Kind, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.Frame(kind, payload)
}

// Reader reads frames.
type Reader struct{ in *bufio.Reader }

// NewReader returns a reader of frames from in.
func NewReader(in io.Reader) *Reader { return &Reader{bufio.NewReaderSize(in, 256<<10)} }

// buffers are payloads that were given back. Fresh memory for each pack would cost
// more than compressing it.
var buffers sync.Pool

// Buffer returns a buffer of a size in bytes, with any content.
func Buffer(size int) []byte {
	if b, ok := buffers.Get().(*[]byte); ok && cap(*b) >= size {
		return (*b)[:size]
	}
	const spare = 4 // the next one may be a little larger
	return make([]byte, size, size+size/spare)
}

// Free gives a buffer back that nobody uses any more.
func Free(b []byte) {
	if cap(b) > 0 {
		buffers.Put(&b)
	}
}

// Next returns the next frame. The payload is the caller's, who may give it back
// with Free. The end of the input between frames is io.EOF.
func (r *Reader) Next() (Kind, []byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r.in, header[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if size > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d bytes is too large", size)
	}
	payload, err := r.payload(int(size))
	if err != nil {
		return 0, nil, fmt.Errorf("reading a frame: %w", err)
	}
	return Kind(header[0]), payload, nil
}

// maxTrusted is the size in bytes up to which memory is taken before the bytes are
// there. Packs have less.
const maxTrusted = 64 << 20

func (r *Reader) payload(size int) ([]byte, error) {
	if size > maxTrusted {
		payload, err := io.ReadAll(io.LimitReader(r.in, int64(size)))
		if err == nil && len(payload) < size {
			err = io.ErrUnexpectedEOF
		}
		return payload, err
	}
	payload := Buffer(size)
	_, err := io.ReadFull(r.in, payload)
	return payload, err
}

// Expect returns the payload of the next frame, which must be of a kind. A
// KindError is returned as an error.
func (r *Reader) Expect(kind Kind) ([]byte, error) {
	got, payload, err := r.Next()
	switch {
	case err != nil:
		return nil, err
	case got == KindError:
		return nil, &CarrierError{string(payload)}
	case got != kind:
		return nil, fmt.Errorf("got a frame %q where %q was due", got, kind)
	}
	return payload, nil
}

// CarrierError is what the carrier says has failed.
type CarrierError struct{ Reason string }

func (e *CarrierError) Error() string { return e.Reason }
