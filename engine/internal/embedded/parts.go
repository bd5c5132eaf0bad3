package embedded

import (
	"context"

	"github.com/charmbracelet/log"
)

// Parts returns what the daemon is made of, building it where it is missing: the
// path of the buildkitd program, and the folder with the programs that buildkitd
// needs. Tests run plain daemons with them.
func Parts(ctx context.Context, logger *log.Logger) (buildkitd, root string, err error) {
	p, err := setUp(ctx, logger)
	if err != nil {
		return "", "", err
	}
	return p.buildkitd, p.root, nil
}
