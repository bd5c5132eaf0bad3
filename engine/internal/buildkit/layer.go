package buildkit

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// Where the program that compares two trees finds them, and itself.
const (
	lowerDir   = "/lower"
	upperDir   = "/upper"
	programDir = "/program"
)

// ExportLayer writes to w, as a tar, what the tree of upper has over that of
// lower; see protocol.LayerArgs. The trees are compared where they are: only what
// differs comes to the client.
func (s *Session) ExportLayer(ctx context.Context, lower, upper llb.State, platform ocispecs.Platform, w io.Writer) error {
	below, err := s.define(ctx, lower, platform)
	if err != nil {
		return fmt.Errorf("describing the base image: %w", err)
	}
	compare, err := s.comparison(ctx)
	if err != nil {
		return err
	}
	return s.Evaluate(ctx, upper, platform, func(ctx context.Context, above *Ref) error {
		lowerRef, err := s.solve(ctx, above.gw, below.ToPB())
		if err != nil {
			return explain(ctx, above.gw, err)
		}
		exec, err := compare.solved(ctx, s, above.gw)
		if err != nil {
			return explain(ctx, above.gw, err)
		}
		return exec.with(lowerDir, lowerRef).with(upperDir, above.Reference).output(ctx, above.gw, w)
	})
}

// comparison describes the container in which the shim compares two trees.
func (s *Session) comparison(ctx context.Context) (*execDef, error) {
	path, shimDigest, err := s.options.BuildShim(ctx, s.platform.Architecture)
	if err != nil {
		return nil, fmt.Errorf("building the exec shim: %w", err)
	}
	src, name, err := s.program(HostDir{Name: "bodkin-shim-" + shimDigest, Hint: "bodkin-shim-" + s.platform.Architecture, Label: "[internal] load exec shim"}, path)
	if err != nil {
		return nil, err
	}
	args := append([]string{programDir + "/" + name}, protocol.LayerArgs(lowerDir, upperDir)...)
	def, err := llb.Scratch().Network(llb.NetModeNone).Run(llb.Args(args), llb.AddMount(programDir, src, llb.Readonly)).Root().Marshal(ctx, llb.Platform(s.platform))
	if err != nil {
		return nil, fmt.Errorf("describing the comparison of trees: %w", err)
	}
	return parseExec(def)
}

// with adds a mount of a result, which stays as it is.
func (e *execDef) with(dest string, ref gateway.Reference) *execDef {
	e.op.Mounts = append(e.op.Mounts, &pb.Mount{Dest: dest, Input: int64(pb.Empty), Readonly: true, MountType: pb.MountType_BIND})
	e.mounted = append(e.mounted, mounted{ref: ref})
	return e
}

// output runs a solved exec and writes what it says to w.
func (e *execDef) output(ctx context.Context, gw gateway.Client, w io.Writer) error {
	ctr, err := e.container(ctx, gw, pb.NetMode_NONE)
	if err != nil {
		return clean(err)
	}
	defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stderr, req := &bytes.Buffer{}, e.start()
	req.Stdout, req.Stderr = unclosed{&ending{w, cancel}}, unclosed{stderr}
	proc, err := ctr.Start(ctx, req)
	if err != nil {
		return clean(err)
	}
	err = proc.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%w: %s", clean(err), bytes.TrimSpace(stderr.Bytes()))
	}
	return nil
}

// ending is a writer that ends what writes to it where it cannot write: an error alone
// would leave BuildKit's client waiting.
type ending struct {
	io.Writer
	end context.CancelCauseFunc
}

func (e *ending) Write(p []byte) (int, error) {
	if _, err := e.Writer.Write(p); err != nil {
		e.end(err)
	}
	return len(p), nil
}
