//go:build linux

// Package program is the carrier: it fills a volume from what a client sends, or
// sends what is in it. Start with Serve; package wire says what travels.
package program

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/tree"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// Dirs are where the carrier finds a volume, what it remembers, and the volume's
// first content.
type Dirs struct{ Volume, State, First string }

// Serve does what a client asks for, once. What fails is told to the client, too.
func Serve(input io.Reader, output io.Writer, dirs Dirs) error {
	out := wire.NewWriter(output)
	err := serve(wire.NewReader(input), out, dirs)
	if err != nil {
		// The client reads what has failed when it has sent what it has.
		go func() { _, _ = io.Copy(io.Discard, input) }()
		_ = out.Frame(wire.KindError, []byte(err.Error()))
	}
	return err
}

func serve(in *wire.Reader, out *wire.Writer, dirs Dirs) error {
	payload, err := in.Expect(wire.KindRequest)
	if err != nil {
		return err
	}
	var req wire.Request
	if err := json.Unmarshal(payload, &req); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	volume := tree.Volume{Dir: dirs.Volume, State: dirs.State, Name: req.Name}
	if req.First {
		volume.First = dirs.First
	}
	if req.Op == wire.Restore {
		return restore(in, out, volume)
	}
	return save(in, out, volume)
}

func save(in *wire.Reader, out *wire.Writer, volume tree.Volume) error {
	old, err := readIndex(in)
	if err != nil {
		return err
	}
	index, answer, err := tree.Save(volume, old, func(pack []byte) error { return out.Frame(wire.KindPack, pack) })
	if err != nil {
		return err
	}
	if err := out.JSON(wire.KindAnswer, answer); err != nil || answer.Unchanged {
		return err
	}
	encoded, err := index.Encode()
	if err != nil {
		return err
	}
	return out.Frame(wire.KindIndex, encoded)
}

func readIndex(in *wire.Reader) (*wire.Index, error) {
	encoded, err := in.Expect(wire.KindIndex)
	if err != nil {
		return nil, err
	}
	return wire.DecodeIndex(encoded)
}

func restore(in *wire.Reader, out *wire.Writer, volume tree.Volume) (err error) {
	r, err := tree.Begin(volume)
	if err != nil {
		return err
	}
	if err := out.JSON(wire.KindAnswer, wire.Answer{Wanted: r != nil}); err != nil || r == nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	index, err := readIndex(in)
	if err != nil {
		return err
	}
	if err := r.Fill(index, func() (int, []byte, error) { return nextPack(in) }); err != nil {
		return err
	}
	return out.JSON(wire.KindAnswer, wire.Answer{Files: len(index.Files)})
}

func nextPack(in *wire.Reader) (int, []byte, error) {
	kind, payload, err := in.Next()
	switch {
	case errors.Is(err, io.EOF):
		return 0, nil, io.ErrUnexpectedEOF
	case err != nil:
		return 0, nil, err
	case kind == wire.KindEnd:
		return 0, nil, io.EOF
	case kind != wire.KindPack || len(payload) < wire.PackNumber:
		return 0, nil, fmt.Errorf("got a frame %q where a pack was due", kind)
	}
	return int(binary.BigEndian.Uint32(payload)), payload[wire.PackNumber:], nil
}
