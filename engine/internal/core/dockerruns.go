package core

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// dockerRuns puts the commands of a Dockerfile under the shim: so they trust what
// the host trusts, their secrets are kept out of logs, and one that fails leaves
// its exit code and output. What was given as secrets is all that they reach.
type dockerRuns struct {
	secrets map[string]string // IDs in the session by the names in the Dockerfile
	ssh     string            // ID of the agent's socket, or ""
	noInit  bool
	foreign map[digest.Digest]bool // ops that are not the Dockerfile's

	out     *pb.Definition
	renamed map[string]string  // digests of ops before and after
	harness map[string]harness // by platform
}

// rewrite returns the state that def describes, with its RUN commands changed.
func (r *dockerRuns) rewrite(ctx context.Context, def *pb.Definition) (llb.State, error) {
	r.out = &pb.Definition{Metadata: map[string]*pb.OpMetadata{}}
	r.renamed, r.harness = map[string]string{}, map[string]harness{}
	for _, raw := range def.Def {
		before := digest.FromBytes(raw)
		meta := def.Metadata[before.String()]
		if r.foreign[before] {
			r.add(raw, meta)
			continue
		}
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			return llb.State{}, fmt.Errorf("reading the Dockerfile's definition: %w", err)
		}
		changed := r.relink(&op)
		switch {
		case op.GetExec() != nil:
			if err := r.allowed(op.GetExec()); err != nil {
				return llb.State{}, located(err, def.Source, before)
			}
			with, err := r.harnessFor(ctx, op.GetPlatform())
			if err != nil {
				return llb.State{}, err
			}
			meta = r.wrap(&op, meta, with)
			changed = true
		case op.GetSource() != nil:
			changed = r.login(op.GetSource()) || changed
		}
		if changed {
			var err error
			if raw, err = (proto.MarshalOptions{Deterministic: true}).Marshal(&op); err != nil {
				return llb.State{}, fmt.Errorf("writing the Dockerfile's definition: %w", err)
			}
		}
		r.renamed[before.String()] = r.add(raw, meta)
	}
	r.out.Source = r.sources(def.Source)
	return stateOf(r.out)
}

// allowed refuses what lacks something, and what Docker refuses, too, unless it
// was told to allow it: a Dockerfile may come from anywhere.
func (r *dockerRuns) allowed(exec *pb.ExecOp) error {
	for _, m := range exec.Mounts {
		if m.SSHOpt != nil && !m.SSHOpt.Optional && r.ssh == "" {
			return errors.New("RUN --mount=type=ssh needs an SSH agent: pass its socket (Host.unixSocket) in the option ssh")
		}
	}
	switch {
	case exec.Security == pb.SecurityMode_INSECURE:
		return errors.New("RUN --security=insecure is not allowed in a Dockerfile: use withExec with insecureRootCapabilities for this step")
	case exec.Network == pb.NetMode_HOST:
		return errors.New("RUN --network=host is not allowed in a Dockerfile: remove it")
	default:
		return nil
	}
}

// located says which line of the Dockerfile an op comes from.
func located(err error, src *pb.Source, op digest.Digest) error {
	for _, at := range src.GetLocations()[op.String()].GetLocations() {
		if len(at.Ranges) > 0 && int(at.SourceIndex) < len(src.Infos) {
			return &DockerfileError{File: src.Infos[at.SourceIndex].Filename, Line: int(at.Ranges[0].GetStart().GetLine()), Err: err}
		}
	}
	return err
}

func (r *dockerRuns) add(raw []byte, meta *pb.OpMetadata) string {
	key := digest.FromBytes(raw).String()
	r.out.Def = append(r.out.Def, raw)
	if meta != nil {
		r.out.Metadata[key] = meta
	}
	return key
}

// relink leads the inputs of op to what became of them.
func (r *dockerRuns) relink(op *pb.Op) bool {
	changed := false
	for _, input := range op.Inputs {
		if now := r.renamed[input.Digest]; now != "" && now != input.Digest {
			input.Digest, changed = now, true
		}
	}
	return changed
}

// sources keeps what the daemon's errors say of the Dockerfile's lines.
func (r *dockerRuns) sources(src *pb.Source) *pb.Source {
	if src == nil {
		return nil
	}
	out := &pb.Source{Infos: src.Infos, Locations: map[string]*pb.Locations{}}
	for key, at := range src.Locations {
		if now := r.renamed[key]; now != "" {
			key = now
		}
		out.Locations[key] = at
	}
	return out
}

// secretID is the session's ID of a secret that the Dockerfile names. One that
// was not given has an ID that no secret has.
func (r *dockerRuns) secretID(name string) (id string, given bool) {
	if id, ok := r.secrets[name]; ok {
		return id, true
	}
	return buildkit.NotGiven(name), false
}

// agentID is the session's ID of the agent's socket, whatever the Dockerfile
// calls it.
func (r *dockerRuns) agentID() string {
	if r.ssh == "" {
		return buildkit.NotGiven("ssh")
	}
	return r.ssh
}

// login gives git and HTTP sources the secrets and the agent that were passed for
// them.
func (r *dockerRuns) login(src *pb.SourceOp) bool {
	changed := false
	for _, attr := range []string{pb.AttrAuthTokenSecret, pb.AttrAuthHeaderSecret, pb.AttrHTTPAuthHeaderSecret} {
		if id, ok := r.secrets[src.Attrs[attr]]; ok {
			src.Attrs[attr], changed = id, true
		}
	}
	if _, ok := src.Attrs[pb.AttrMountSSHSock]; ok {
		src.Attrs[pb.AttrMountSSHSock], changed = r.agentID(), true
	}
	return changed
}

// wrap puts an exec under the shim.
func (r *dockerRuns) wrap(op *pb.Op, meta *pb.OpMetadata, with harness) *pb.OpMetadata {
	exec := op.GetExec()
	spec := protocol.Spec{NoInit: r.noInit}
	outputs := int64(0)
	for _, m := range exec.Mounts {
		outputs = max(outputs, m.Output+1)
		if m.SSHOpt != nil {
			m.SSHOpt.ID = r.agentID()
		}
		if m.SecretOpt == nil {
			continue
		}
		var given bool
		if m.SecretOpt.ID, given = r.secretID(m.SecretOpt.ID); given {
			spec.SecretFiles = append(spec.SecretFiles, m.Dest)
		}
	}
	for _, env := range exec.Secretenv {
		var given bool
		if env.ID, given = r.secretID(env.ID); given {
			spec.SecretEnv = append(spec.SecretEnv, env.Name)
		}
		env.Name = protocol.EnvName(env.Name)
	}
	for i, kv := range exec.Meta.Env {
		name, value, _ := strings.Cut(kv, "=")
		exec.Meta.Env[i] = protocol.EnvName(name) + "=" + value
	}
	with.addTo(op, outputs)
	exec.Meta.Args = protocol.ExecArgs(spec, exec.Meta.Args...)

	out := &pb.OpMetadata{}
	if meta != nil {
		out = meta.CloneVT()
	}
	if out.Caps == nil {
		out.Caps = map[string]bool{}
	}
	maps.Copy(out.Caps, with.meta.GetCaps())
	return out
}

// harness is what an exec under the shim has and another has not.
type harness struct {
	exec   *pb.ExecOp
	inputs []*pb.Input
	meta   *pb.OpMetadata
}

// harnessFor takes the harness from an exec that is described as withExec does.
func (r *dockerRuns) harnessFor(ctx context.Context, platform *pb.Platform) (harness, error) {
	if platform == nil {
		return harness{}, errors.New("a command of the Dockerfile has no platform")
	}
	if h, ok := r.harness[platform.String()]; ok {
		return h, nil
	}
	spec := platform.Spec()
	opts := append(buildkit.ShimMounts(spec.Architecture), llb.AddMount(protocol.OutDir, outBase(), llb.SourcePath(outPath)),
		llb.WithProxy(hostProxy()), llb.Args([]string{protocol.BinaryPath}))
	def, err := llb.Scratch().Run(opts...).Root().Marshal(ctx, llb.Platform(spec))
	if err != nil {
		return harness{}, fmt.Errorf("describing the exec shim: %w", err)
	}
	var h harness
	parts := def.ToPB()
	for _, raw := range parts.Def[:len(parts.Def)-1] {
		var op pb.Op
		if err := op.UnmarshalVT(raw); err != nil {
			return harness{}, err
		}
		meta := parts.Metadata[digest.FromBytes(raw).String()]
		if op.GetExec() == nil {
			r.add(raw, meta)
			continue
		}
		h = harness{exec: op.GetExec(), inputs: op.Inputs, meta: meta}
	}
	r.harness[platform.String()] = h
	return h, nil
}

// addTo adds the harness to an exec that has so many outputs.
func (h harness) addTo(op *pb.Op, outputs int64) {
	exec := op.GetExec()
	for _, m := range h.exec.Mounts {
		if m.Dest == "/" {
			continue
		}
		m := m.CloneVT()
		if m.Input >= 0 {
			op.Inputs = append(op.Inputs, h.inputs[m.Input].CloneVT())
			m.Input = int64(len(op.Inputs) - 1)
		}
		if m.Output >= 0 {
			m.Output = outputs
			outputs++
		}
		exec.Mounts = append(exec.Mounts, m)
	}
	for _, env := range h.exec.Secretenv {
		exec.Secretenv = append(exec.Secretenv, env.CloneVT())
	}
	if exec.Meta.ProxyEnv == nil {
		exec.Meta.ProxyEnv = h.exec.Meta.ProxyEnv.CloneVT()
	}
}
