package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/charmbracelet/log"
	"golang.org/x/sync/errgroup"
)

// parts are what a daemon is made of. Each has a name of its own content, so a
// daemon never runs on parts that do not belong together.
type parts struct {
	buildkitd  string // executable
	supervisor string // executable
	root       string // folder
}

// setUp builds or finds the parts, side by side. The first time takes minutes,
// most of them for compiling buildkitd; afterwards it starts no process.
func setUp(ctx context.Context, logger *log.Logger) (*parts, error) {
	var p parts
	g, ctx := errgroup.WithContext(ctx)
	for _, job := range []struct {
		result *string
		what   string
		make   func(context.Context, *log.Logger) (string, error)
	}{
		{&p.buildkitd, "building the daemon", buildBuildkitd},
		{&p.supervisor, "building the supervisor", buildSupervisor},
		{&p.root, "laying out the engine root", engineRoot},
	} {
		g.Go(func() error {
			begin := time.Now()
			path, err := job.make(ctx, logger)
			if err != nil {
				return fmt.Errorf("%s: %w", job.what, err)
			}
			*job.result = path
			logger.Debug("engine set-up: "+job.what, "took", time.Since(begin).Round(time.Millisecond))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return &p, nil
}
