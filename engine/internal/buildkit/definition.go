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

// resultOf is the definition of one result within another.
func resultOf(whole *pb.Definition, input *pb.Input) (*pb.Definition, error) {
	terminal, err := (&pb.Op{Inputs: []*pb.Input{input}}).MarshalVT()
	if err != nil {
		return nil, err
	}
	ops := append([][]byte{}, whole.Def[:len(whole.Def)-1]...)
	return &pb.Definition{Def: append(ops, terminal), Metadata: whole.Metadata, Source: whole.Source}, nil
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
	def, err := resultOf(whole, &pb.Input{Digest: step.String()})
	if err != nil {
		return nil, err
	}
	def.Def = slices.Insert(def.Def, len(def.Def)-1, raw)
	def.Metadata = maps.Clone(def.Metadata)
	def.Metadata[step.String()] = &pb.OpMetadata{Description: map[string]string{"llb.customname": "[internal] keep results"}}
	return def, nil
}

// stableInput names an input, the same in every session.
func (s *Session) stableInput(def *llb.Definition, input *pb.Input) (string, error) {
	whole := def.ToPB()
	needed := map[string]bool{input.Digest: true}
	var ops [][]byte
	for _, raw := range slices.Backward(whole.Def) {
		if !needed[digest.FromBytes(raw).String()] {
			continue
		}
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			return "", err
		}
		for _, in := range op.Inputs {
			needed[in.Digest] = true
		}
		ops = append(ops, raw)
	}
	slices.Reverse(ops)
	stable, err := s.stableDigest(&llb.Definition{Def: ops})
	return fmt.Sprint(stable, input.Index), err
}
