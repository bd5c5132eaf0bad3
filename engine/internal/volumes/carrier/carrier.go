// Package carrier builds the program that moves the content of cache volumes in
// and out of a container. Start with Build; package wire says what it is told.
package carrier

import (
	"context"
	"embed"
	"fmt"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/gobuild"
)

//go:embed go.mod.txt go.sum.txt cmd/carrier/*.go program/*.go tree/*.go wire/*.go
var sources embed.FS

// Build returns the path on this machine of the carrier for Linux on the given
// architecture (a GOARCH value; "" is this machine's). It compiles the carrier
// unless the cache folder has it already. Errors are those of gobuild.Build.
func Build(ctx context.Context, arch string, logger *log.Logger) (string, error) {
	path, err := gobuild.Build(ctx, gobuild.Program{
		Name: "carrier", Files: sources, Package: "./cmd/carrier", GOOS: "linux", GOARCH: arch, Log: logger,
	})
	if err != nil {
		return "", fmt.Errorf("building the carrier of cache volumes: %w", err)
	}
	return path, nil
}
