package buildkit

import (
	"crypto/rand"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// ops lists the operations of a definition, each with its encoding. One that cannot
// be read is left out: the daemon will refuse it.
func ops(def [][]byte) iter.Seq2[[]byte, *pb.Op] {
	return func(yield func([]byte, *pb.Op) bool) {
		for _, raw := range def {
			var op pb.Op
			if op.UnmarshalVT(raw) == nil && !yield(raw, &op) {
				return
			}
		}
	}
}

// neededFor lists the operations that inputs are results of, with those below them.
func neededFor(def [][]byte, inputs ...*pb.Input) ([][]byte, error) {
	needed := map[string]bool{}
	for _, input := range inputs {
		needed[input.Digest] = true
	}
	var found [][]byte
	for _, raw := range slices.Backward(def) {
		if !needed[digest.FromBytes(raw).String()] {
			continue
		}
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			return nil, fmt.Errorf("reading a definition: %w", err)
		}
		for _, in := range op.Inputs {
			needed[in.Digest] = true
		}
		found = append(found, raw)
	}
	slices.Reverse(found)
	return found, nil
}

// resultOf is the definition of one result within another, without what it does not
// need: an exec that waits for the result may be among that.
func resultOf(whole *pb.Definition, input *pb.Input) (*pb.Definition, error) {
	terminal, err := (&pb.Op{Inputs: []*pb.Input{input}}).MarshalVT()
	if err != nil {
		return nil, err
	}
	needed, err := neededFor(whole.Def, input)
	if err != nil {
		return nil, err
	}
	return &pb.Definition{Def: append(needed, terminal), Metadata: whole.Metadata, Source: whole.Source}, nil
}

// joined is the definition of a step that makes an empty folder, once it has many
// results of another definition: a definition has one result only. The folder's name is
// new each time. If the step were cached, nobody would look for the results.
func joined(whole *pb.Definition, inputs []*pb.Input) (*pb.Definition, error) {
	raw, err := (&pb.Op{
		Inputs: inputs,
		Op: &pb.Op_File{File: &pb.FileOp{Actions: []*pb.FileAction{{
			Input: int64(pb.Empty), SecondaryInput: int64(pb.Empty),
			Action: &pb.FileAction_Mkdir{Mkdir: &pb.FileActionMkDir{Path: "/" + rand.Text(), Mode: 0o755, Timestamp: -1}},
		}}}},
		Constraints: &pb.WorkerConstraints{},
	}).MarshalVT()
	if err != nil {
		return nil, err
	}
	step := digest.FromBytes(raw)
	needed, err := neededFor(whole.Def, inputs...)
	if err != nil {
		return nil, err
	}
	terminal, err := (&pb.Op{Inputs: []*pb.Input{{Digest: step.String()}}}).MarshalVT()
	if err != nil {
		return nil, err
	}
	def := &pb.Definition{Def: append(needed, raw, terminal), Metadata: whole.Metadata, Source: whole.Source}
	def.Metadata = maps.Clone(def.Metadata)
	def.Metadata[step.String()] = &pb.OpMetadata{Description: map[string]string{"llb.customname": "[internal] keep results"}}
	return def, nil
}

// stableInput names an input, the same in every session.
func (s *Session) stableInput(def *llb.Definition, input *pb.Input) (string, error) {
	needed, err := neededFor(def.Def, input)
	if err != nil {
		return "", err
	}
	stable, err := s.stableDigest(&llb.Definition{Def: needed})
	return fmt.Sprint(stable, input.Index), err
}
