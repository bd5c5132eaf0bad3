package buildkit

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"
)

// layerLimits bound of how many layers a tree may consist.
type layerLimits struct {
	most  int // that a step may be put on
	image int // what an image is taken for
}

var (
	// Linux mounts up to 500, whose names must fit into a page: less than that on a daemon
	// that has been in use for long. Images of container engines have 128 at most.
	usualLayers = layerLimits{most: 300, image: 128}
	// Docker's classic store allows 125. An image with very many leaves no room for steps.
	classicLayers = layerLimits{most: 100, image: 30}
)

func (s *Session) layerLimits() layerLimits {
	if s.docker != nil && s.docker.classic {
		return classicLayers
	}
	return usualLayers
}

// flatten has trees of very many layers copied into a single one before further steps
// are put on them. Each step adds a layer; the daemon refuses to mount too many.
func flatten(def *llb.Definition, limits layerLimits) (*llb.Definition, error) {
	if len(def.Def) <= limits.most-limits.image {
		return def, nil
	}
	f := flattening{
		limits:   limits,
		lowering: lowering{renamed: map[string]string{}}, layers: map[edge]int{}, flat: map[edge]*pb.Input{},
	}
	f.out = &llb.Definition{Metadata: map[digest.Digest]llb.OpMetadata{}, Source: def.Source, Constraints: def.Constraints}
	for _, raw := range def.Def {
		if err := f.vertex(raw, def.Metadata[digest.FromBytes(raw)]); err != nil {
			return nil, err
		}
	}
	if len(f.flat) == 0 {
		return def, nil
	}
	f.locations(def.Source)
	return f.out, nil
}

type flattening struct {
	lowering
	limits layerLimits
	layers map[edge]int       // of results of the old definition
	flat   map[edge]*pb.Input // copies of them
}

// vertex adds an operation, and before it copies of what it is put on.
func (f *flattening) vertex(raw []byte, meta llb.OpMetadata) error {
	var op pb.Op
	if err := op.UnmarshalVT(raw); err != nil {
		return fmt.Errorf("reading a definition: %w", err)
	}
	old, now := digest.FromBytes(raw).String(), raw
	below, changed := make([]int, len(op.Inputs)), false
	for i, input := range op.Inputs {
		from := edge{input.Digest, input.Index}
		below[i] = f.layers[from]
		if to := f.renamed[input.Digest]; to != input.Digest {
			input.Digest, changed = to, true
		}
		if below[i] < f.limits.most || op.Op == nil {
			continue
		}
		if err := f.flatten(from, input); err != nil {
			return err
		}
		op.Inputs[i], below[i], changed = f.flat[from], 1, true
	}
	if changed {
		var err error
		if now, err = (proto.MarshalOptions{Deterministic: true}).Marshal(&op); err != nil {
			return err
		}
	}
	f.add(old, now, meta)
	f.count(old, &op, below)
	return nil
}

// flatten adds a copy of a result. input is where it is in the new definition.
func (f *flattening) flatten(from edge, input *pb.Input) error {
	if f.flat[from] != nil {
		return nil
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Op{
		Inputs: []*pb.Input{input.CloneVT()},
		Op: &pb.Op_File{File: &pb.FileOp{Actions: []*pb.FileAction{{
			Input:  int64(pb.Empty),
			Action: &pb.FileAction_Copy{Copy: &pb.FileActionCopy{Src: "/", Dest: "/", Mode: -1, DirCopyContents: true, Timestamp: -1}},
		}}}},
		Constraints: &pb.WorkerConstraints{},
	})
	if err != nil {
		return err
	}
	made := f.add("", raw, llb.OpMetadata{Description: map[string]string{"llb.customname": fmt.Sprintf("[internal] copy %d layers into one", f.layers[from])}})
	f.flat[from] = &pb.Input{Digest: made.String()}
	return nil
}

// count notes of how many layers the results of an operation consist. below are those of
// its inputs.
func (f *flattening) count(vertex string, op *pb.Op, below []int) {
	under := func(input int64) int {
		if input < 0 || input >= int64(len(below)) {
			return 0
		}
		return below[input]
	}
	switch o := op.Op.(type) {
	case *pb.Op_Exec:
		for _, m := range o.Exec.Mounts {
			if m.Output >= 0 {
				f.layers[edge{vertex, m.Output}] = under(m.Input) + 1
			}
		}
	case *pb.Op_File:
		bases := append([]int{}, below...) // results of actions are numbered after the inputs
		for _, action := range o.File.Actions {
			base := 0
			if action.Input >= 0 && action.Input < int64(len(bases)) {
				base = bases[action.Input]
			}
			bases = append(bases, base)
			if action.Output >= 0 {
				f.layers[edge{vertex, action.Output}] = base + 1
			}
		}
	case *pb.Op_Source:
		f.layers[edge{vertex, 0}] = 1
		if id := o.Source.Identifier; strings.HasPrefix(id, layoutScheme) || strings.HasPrefix(id, "docker-image://") {
			f.layers[edge{vertex, 0}] = f.limits.image
		}
	default:
		for _, n := range below {
			f.layers[edge{vertex, 0}] += n
		}
	}
}
