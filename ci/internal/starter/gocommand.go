package starter

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// waitDelay is how long the Go command may take to end after its context.
const waitDelay = time.Second

// run runs the Go command in dir with one more setting.
func run(ctx context.Context, dir, setting string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), setting)
	cmd.WaitDelay = waitDelay
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("running go %s in %s: %w\n%s", strings.Join(args, " "), dir, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// OwnVersion is the version of Bodkin that is running, or "" where it was not
// built from a published one.
func OwnVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	version := ""
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == Module && module.Replace == nil {
			version = module.Version
		}
	}
	if !semver.IsValid(version) || semver.Build(version) != "" {
		return "" // (devel), or with changes
	}
	return version
}
