package buildkit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// readFailed reads what the shim of a failed exec has recorded.
func readFailed(ctx context.Context, gw gateway.Client, solveErr *errdefs.SolveError, exec *pb.ExecOp) (*failedOutput, error) {
	index := -1
	for i, m := range exec.Mounts {
		if m.Dest == protocol.OutDir {
			index = i
		}
	}
	if index < 0 || index >= len(solveErr.MountIDs) {
		return nil, errors.New("the daemon kept no output")
	}
	record := gateway.Mount{Dest: "/", MountType: pb.MountType_BIND, ResultID: solveErr.MountIDs[index]}
	caps := gw.BuildOpts().Caps
	if caps.Supports(gatewaypb.CapGatewayExecFilesystem) != nil {
		record.Dest, record.Selector = protocol.OutDir, exec.Mounts[index].Selector
		return reportFailed(ctx, gw, record, solveErr.GetOp().GetPlatform())
	}
	ctr, err := gw.NewContainer(ctx, gateway.NewContainerRequest{Mounts: []gateway.Mount{record}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
	return readOutput(func(name string) ([]byte, error) {
		return ctr.ReadFile(ctx, gateway.ReadContainerRequest{ReadRequest: gateway.ReadRequest{Filename: path.Join("/", exec.Mounts[index].Selector, name)}})
	})
}

// reportFailed has a shim report what lies in a mount, where the daemon cannot read
// files of a failed exec itself.
func reportFailed(ctx context.Context, gw gateway.Client, record gateway.Mount, platform *pb.Platform) (*failedOutput, error) {
	cache := shimCacheID(platform.GetArchitecture())
	ctr, err := gw.NewContainer(ctx, gateway.NewContainerRequest{
		NetMode: pb.NetMode_NONE, Platform: platform,
		Mounts: []gateway.Mount{
			{Dest: "/", MountType: pb.MountType_BIND}, record,
			{Dest: protocol.BinDir, MountType: pb.MountType_CACHE, CacheOpt: &pb.CacheOpt{ID: cache, Sharing: pb.CacheSharingOpt_SHARED}},
		},
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
	var said bytes.Buffer
	proc, err := ctr.Start(ctx, gateway.StartRequest{Args: protocol.ReportArgs(record.Dest), Cwd: "/", Stdout: unclosed{&said}})
	if err != nil {
		return nil, err
	}
	if err := proc.Wait(); err != nil {
		return nil, err
	}
	files, err := protocol.ParseReport(said.Bytes())
	if err != nil {
		return nil, err
	}
	return readOutput(func(name string) ([]byte, error) {
		if content, ok := files[name]; ok {
			return content, nil
		}
		return nil, fs.ErrNotExist
	})
}

// unclosed is a writer that stays open for others.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
