package buildkit

import (
	"fmt"
	"iter"
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
