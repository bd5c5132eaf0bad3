package embedded

import (
	"context"
	"embed"
	"io/fs"
	"strings"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/gobuild"
)

//go:embed daemon/go.mod.txt daemon/go.sum.txt daemon/tools.go.txt
var daemonModule embed.FS

//go:embed go.mod.txt control/*.go supervisor/*.go
var supervisorModule embed.FS

const buildKitModule = "github.com/moby/buildkit"

// buildKitVersion is the release that the embedded go.mod requires, such as
// "v0.33.1".
func buildKitVersion() string {
	data, _ := daemonModule.ReadFile("daemon/go.mod.txt")
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(f) >= 2 && f[0] == buildKitModule {
			return f[1]
		}
	}
	return ""
}

func buildBuildkitd(ctx context.Context, logger *log.Logger) (string, error) {
	files, err := fs.Sub(daemonModule, "daemon")
	if err != nil {
		return "", err
	}
	return gobuild.Build(ctx, gobuild.Program{
		Name:    "buildkitd",
		Files:   files,
		Package: buildKitModule + "/cmd/buildkitd",
		LDFlags: "-X " + buildKitModule + "/version.Version=" + buildKitVersion(),
		Log:     logger,
	})
}

func buildSupervisor(ctx context.Context, logger *log.Logger) (string, error) {
	return gobuild.Build(ctx, gobuild.Program{
		Name:    "bodkin-engine",
		Files:   supervisorModule,
		Package: "./supervisor",
		Log:     logger,
	})
}
