//go:build linux

// Command carrier runs in a container that has a cache volume mounted. It fills
// the volume from what the client sends, or sends what is in it; see package wire.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/tree"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

func main() {
	out := wire.NewWriter(os.Stdout)
	if err := serve(wire.NewReader(os.Stdin), out); err != nil {
		_ = out.Frame(wire.KindError, []byte(err.Error()))
		os.Exit(1)
	}
}

func serve(in *wire.Reader, out *wire.Writer) error {
	payload, err := in.Expect(wire.KindRequest)
	if err != nil {
		return err
	}
	var req wire.Request
	if err := json.Unmarshal(payload, &req); err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	volume := tree.Volume{Dir: wire.VolumeDir, State: wire.StateDir, Name: req.Name}
	if req.First {
		volume.First = wire.FirstDir
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
