package buildkit

import (
	"context"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"
)

// outputs sees to it that the daemon keeps all that an exec leaves: its root, what
// is in its mounts, and what it has written. Of an exec that has run BuildKit
// keeps only those results that somebody asks for before the build ends. Whoever
// asks for another one later would have the command run again.
type outputs struct {
	mu   sync.Mutex
	ran  map[string]bool        // names of execs, see NamedShimMounts
	kept map[digest.Digest]bool // vertices
}

func newOutputs() *outputs {
	return &outputs{ran: map[string]bool{}, kept: map[digest.Digest]bool{}}
}

// runs notes that an exec is about to run.
func (o *outputs) runs(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ran[name] = true
}

// keep asks for all results of the execs that have run for def, in their build.
// An exec that has not run, as something that follows it was in the cache, is
// left alone: it may be that its own results are not.
func (o *outputs) keep(ctx context.Context, gw gateway.Client, def *pb.Definition) error {
	found, used := o.fresh(def)
	if len(found) == 0 {
		return nil
	}
	var wanted []*pb.Input
	for vertex, exec := range found {
		for _, m := range exec.Mounts {
			if m.Output >= 0 && !used[edge{vertex.String(), m.Output}] {
				wanted = append(wanted, &pb.Input{Digest: vertex.String(), Index: m.Output})
			}
		}
	}
	if err := ask(ctx, gw, def, wanted); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for vertex := range found {
		o.kept[vertex] = true
	}
	return nil
}

// maxAsked is how many results are asked for one by one, at the same time. The
// definition goes to the daemon with each.
const maxAsked = 8

// ask has the daemon come up with results of def.
func ask(ctx context.Context, gw gateway.Client, def *pb.Definition, wanted []*pb.Input) error {
	if len(wanted) > maxAsked {
		joint, err := joined(def, wanted)
		if err != nil {
			return err
		}
		_, err = evaluate(ctx, gw, gateway.SolveRequest{Definition: joint})
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, input := range wanted {
		group.Go(func() error {
			one, err := resultOf(def, input)
			if err != nil {
				return err
			}
			_, err = evaluate(ctx, gw, gateway.SolveRequest{Definition: one})
			return err
		})
	}
	return group.Wait()
}

// edge is one result of a vertex.
type edge struct {
	vertex string
	index  int64
}

// fresh returns the execs of def that have run and of which not all is kept,
// and the results that def itself asks for.
func (o *outputs) fresh(def *pb.Definition) (found map[digest.Digest]*pb.ExecOp, used map[edge]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ran) == 0 {
		return nil, nil
	}
	found, used = map[digest.Digest]*pb.ExecOp{}, map[edge]bool{}
	for raw, op := range ops(def.Def) {
		for _, input := range op.Inputs {
			used[edge{input.Digest, input.Index}] = true
		}
		vertex := digest.FromBytes(raw)
		if exec := op.GetExec(); exec != nil && !o.kept[vertex] && o.ran[nameOf(exec)] {
			found[vertex] = exec
		}
	}
	return found, used
}

// hostSecretPrefix begins the IDs of the secret that tells a shim about its host.
const hostSecretPrefix = "bodkin.host."

// hostSecret is the secret's ID for execs of an architecture. BuildKit asks for
// it when such an exec is about to run, and never otherwise. A name tells which.
func hostSecret(arch, name string) string {
	id := hostSecretPrefix + arch
	if name != "" {
		id += "." + name
	}
	return id
}

// splitHostSecret takes the name out of an ID.
func splitHostSecret(id string) (unnamed, name string) {
	rest, ok := strings.CutPrefix(id, hostSecretPrefix)
	if !ok {
		return id, ""
	}
	arch, name, _ := strings.Cut(rest, ".")
	return hostSecretPrefix + arch, name
}

// nameOf is the name of an exec, "" if it has none.
func nameOf(exec *pb.ExecOp) string {
	for _, env := range exec.Secretenv {
		if _, name := splitHostSecret(env.ID); name != "" {
			return name
		}
	}
	return ""
}

// NamedShimMounts is ShimMounts for an exec of which all results are kept. Only
// its command tells execs apart, not what they run on: the name is part of the
// cache key, and what an exec runs on counts there by its content.
func NamedShimMounts(arch string, command []string) []llb.RunOption {
	const length = 16
	return shimMounts(arch, digest.FromString(strings.Join(command, "\x00")).Encoded()[:length])
}
