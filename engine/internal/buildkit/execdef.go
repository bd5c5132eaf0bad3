package buildkit

import (
	"context"
	"errors"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// execDef is the description of an exec that is not evaluated but started in a
// container of its own.
type execDef struct {
	op       *pb.ExecOp
	platform *pb.Platform
	inputs   []*pb.Definition // what the op's inputs are made of
	opInputs []*pb.Input

	mounted []mounted         // of the op's mounts, once they are known
	tools   gateway.Reference // a shell to mount beside them, or nil
}

// parseExec takes an exec out of the definition whose result it is.
func parseExec(def *llb.Definition) (*execDef, error) {
	head, err := def.Head()
	if err != nil {
		return nil, err
	}
	for raw, op := range ops(def.Def) {
		if digest.FromBytes(raw) != head {
			continue
		}
		if op.GetExec() == nil {
			break
		}
		parsed := &execDef{op: op.GetExec(), platform: op.GetPlatform(), opInputs: op.Inputs}
		for _, input := range op.Inputs {
			sub, err := resultOf(def.ToPB(), input)
			if err != nil {
				return nil, err
			}
			parsed.inputs = append(parsed.inputs, sub)
		}
		return parsed, nil
	}
	return nil, errors.New("the definition's result is no exec")
}

// mounted is what a mount holds: a result, or one that has only an ID. Neither is
// an empty mount.
type mounted struct {
	ref gateway.Reference
	id  string
}

// solved returns the exec with its mounts' contents, for containers of the build
// that gw belongs to. Its errors are those of the solver.
func (e *execDef) solved(ctx context.Context, s *Session, gw gateway.Client) (*execDef, error) {
	refs := make([]gateway.Reference, len(e.inputs))
	group, inputsCtx := errgroup.WithContext(ctx)
	for i, input := range e.inputs {
		group.Go(func() (err error) {
			refs[i], err = s.solve(inputsCtx, gw, input)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	known := *e
	known.mounted = make([]mounted, len(e.op.Mounts))
	for i, m := range e.op.Mounts {
		if m.Input >= 0 {
			known.mounted[i].ref = refs[m.Input]
		}
	}
	return &known, nil
}

// container makes a container of what the solved exec has mounted, on a network.
func (e *execDef) container(ctx context.Context, gw gateway.Client, network pb.NetMode) (gateway.Container, error) {
	req := gateway.NewContainerRequest{
		Hostname: e.op.Meta.Hostname, NetMode: network, ExtraHosts: e.op.Meta.ExtraHosts, Platform: e.platform,
	}
	for i, m := range e.op.Mounts {
		req.Mounts = append(req.Mounts, gateway.Mount{
			Dest: m.Dest, Selector: m.Selector, Readonly: m.Readonly, MountType: m.MountType,
			Ref: e.mounted[i].ref, ResultID: e.mounted[i].id,
			CacheOpt: m.CacheOpt, SecretOpt: m.SecretOpt, SSHOpt: m.SSHOpt,
		})
	}
	if e.tools != nil {
		req.Mounts = append(req.Mounts, gateway.Mount{Dest: protocol.ShellDir, MountType: pb.MountType_BIND, Readonly: true, Ref: e.tools})
	}
	return gw.NewContainer(ctx, req)
}

// start is the request that starts the exec's command in its container.
func (e *execDef) start(env ...string) gateway.StartRequest {
	return gateway.StartRequest{
		Args: e.op.Meta.Args, Env: append(append([]string{}, e.op.Meta.Env...), env...), SecretEnv: e.op.Secretenv,
		User: e.op.Meta.User, Cwd: e.op.Meta.Cwd, SecurityMode: e.op.Security,
	}
}
