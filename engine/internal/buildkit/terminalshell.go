package buildkit

import (
	"context"
	"path"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// shellTools is a folder with a shell and what one needs beside it, for
// containers that have none. Nothing is fetched before somebody needs it.
func (s *Session) shellTools(ctx context.Context, gw gateway.Client, platform *pb.Platform) (gateway.Reference, error) {
	file, err := s.options.Shell(ctx, platform.GetArchitecture())
	if err != nil {
		return nil, err
	}
	id := "bodkin-shell-" + platform.GetArchitecture()
	src, name, err := s.program(HostDir{Name: id, Hint: id, Label: "[internal] load shell"}, file)
	if err != nil {
		return nil, err
	}
	// BusyBox makes its own links: it knows what it can do.
	args := []string{path.Join(protocol.ShellDir, name), "--install", "-s", protocol.ShellDir}
	links := llb.Scratch().Run(llb.Args(args), llb.WithCustomName("[internal] make links of shell")).AddMount(protocol.ShellDir, src)
	def, err := links.Marshal(ctx, llb.Platform(ocispecs.Platform{OS: "linux", Architecture: platform.GetArchitecture(), Variant: platform.GetVariant()}))
	if err != nil {
		return nil, err
	}
	tools, err := evaluate(ctx, gw, gateway.SolveRequest{Definition: def.ToPB()})
	if err != nil {
		return nil, clean(err)
	}
	return tools, nil
}

// withTools is the exec with a shell mounted beside everything else.
func (e *execDef) withTools(tools gateway.Reference) *execDef {
	with := *e
	with.tools = tools
	return &with
}
