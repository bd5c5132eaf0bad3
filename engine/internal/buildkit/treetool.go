package buildkit

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// TreeTool describes an exec of the shim that works on trees where they are, so
// that they need not travel. The arguments are those after the shim's own name. It
// runs on the daemon's platform, whatever the trees are for.
func (s *Session) TreeTool(ctx context.Context, name string, args []string, mounts ...llb.RunOption) (llb.ExecState, error) {
	arch := s.platform.Architecture
	_, shim, err := s.options.BuildShim(ctx, arch)
	if err != nil {
		return llb.ExecState{}, fmt.Errorf("building the exec shim: %w", err)
	}
	program := protocol.BinDir + "/" + protocol.VersionName(shim)
	opts := append([]llb.RunOption{
		llb.Args(append([]string{program}, args...)), llb.Platform(s.platform), llb.Network(pb.NetMode_NONE), llb.WithCustomName(name),
		llb.AddMount(protocol.BinDir, llb.Scratch(), shimCache(arch), llb.Readonly),
	}, mounts...)
	return llb.Scratch().Run(opts...), nil
}
