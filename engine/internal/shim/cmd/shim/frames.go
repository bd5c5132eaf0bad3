//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// maxFrame bounds a frame in bytes.
const maxFrame = 1 << 20

// frames reads what comes from the client's machine, frame by frame.
type frames struct {
	from   io.Reader
	header [protocol.FrameHeader]byte
	buf    []byte
}

func newFrames(from io.Reader) *frames { return &frames{from: from} }

// next returns the bytes of the next frame, valid until the next call: none at
// the end of the direction. An end without that is io.ErrUnexpectedEOF.
func (f *frames) next() ([]byte, error) {
	if _, err := io.ReadFull(f.from, f.header[:]); err != nil {
		return nil, unexpected(err)
	}
	size := int(binary.BigEndian.Uint32(f.header[:]))
	if size > maxFrame {
		return nil, errors.New("a frame is too long")
	}
	if size > len(f.buf) {
		f.buf = make([]byte, size)
	}
	_, err := io.ReadFull(f.from, f.buf[:size])
	return f.buf[:size], unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// carryFrames is carry between an uplink, from which frames come, and a
// connection.
func carryFrames(uplink, conn stream) {
	done := make(chan struct{})
	go func() {
		pass(uplink, conn)
		close(done)
	}()
	if err := unpack(conn, uplink); err != nil {
		abort(conn, uplink)
	}
	<-done
	uplink.Close()
	conn.Close()
}

func unpack(to, from stream) error {
	frames := newFrames(from)
	for {
		block, err := frames.next()
		if err != nil {
			return err
		}
		if len(block) == 0 {
			return to.CloseWrite()
		}
		if _, err := to.Write(block); err != nil {
			return err
		}
	}
}
