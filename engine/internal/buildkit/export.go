package buildkit

import (
	"context"
	"fmt"
	"io"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/session/filesync"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// ExportDir writes the tree of st into the folder dir of this machine.
func (s *Session) ExportDir(ctx context.Context, st llb.State, platform ocispecs.Platform, dir string) error {
	return s.export(ctx, st, platform, client.ExporterLocal, filesync.WithFSSyncDir(0, dir))
}

// ExportTar writes the tree of st to w as a tar archive.
func (s *Session) ExportTar(ctx context.Context, st llb.State, platform ocispecs.Platform, w io.WriteCloser) error {
	output := func(map[string]string) (io.WriteCloser, error) { return w, nil }
	return s.export(ctx, st, platform, client.ExporterTar, filesync.WithFSSync(0, output))
}

// export evaluates st, so that failures are explained, and then solves it again
// with an exporter, which finds everything in the cache. Exporters need a
// session of their own: it tells the daemon where the output goes.
func (s *Session) export(ctx context.Context, st llb.State, platform ocispecs.Platform, exporter string, target filesync.FSSyncTarget) error {
	def, err := s.define(ctx, st, platform)
	if err != nil {
		return fmt.Errorf("describing the build: %w", err)
	}
	return s.evaluate(ctx, def, func(ctx context.Context, _ *Ref) error {
		sess, end, err := s.start("", newReceived(target))
		if err != nil {
			return err
		}
		defer func() { _ = end() }()
		opt := s.solveOpt()
		opt.SharedSession = sess
		opt.Exports = []client.ExportEntry{{Type: exporter}}
		ch, wait := s.progress.stream()
		defer wait()
		_, err = s.client.Build(ctx, opt, product, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
			if len(def.Def) == 0 { // scratch
				return gateway.NewResult(), nil
			}
			return gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
		}, ch)
		if err != nil {
			return clean(fmt.Errorf("exporting: %w", err))
		}
		return nil
	})
}
