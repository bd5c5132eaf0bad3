package engine

import (
	"context"
	"os"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/procs"
)

// Process is a process in a container of the embedded engine.
type Process = procs.Process

// Processes lists what runs in the containers of the engine that Connect would
// choose for this address, whoever has started them: the oldest container first.
// Only those of the embedded engine can be seen; there are none where another is
// chosen, or it does not run.
func Processes(ctx context.Context, address string) ([]Process, error) {
	chosen, err := choose(address, os.Getenv)
	if err != nil || chosen.engine != Embedded {
		return nil, err
	}
	state, err := embedded.Status(ctx, "")
	if err != nil || !state.Running {
		return nil, err
	}
	return procs.InContainers(state.Buildkitd)
}
