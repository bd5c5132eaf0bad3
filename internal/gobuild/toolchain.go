package gobuild

import (
	"context"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ToolchainError says that no Go toolchain on this machine can compile the
// program.
type ToolchainError struct {
	// Path is the `go` command that was found; empty where there is none.
	Path string
	// Have and Need are versions such as "go1.26.8". Have is empty where the
	// command did not answer.
	Have, Need string
	// Err is why the command did not answer; else nil.
	Err error
}

func (e *ToolchainError) Error() string {
	switch {
	case e.Path == "":
		return "no `go` command found on PATH: install Go " + strings.TrimPrefix(e.Need, "go") + " or newer, or put its bin folder on PATH"
	case e.Err != nil:
		return fmt.Sprintf("asking %s for its version: %v", e.Path, e.Err)
	default:
		return fmt.Sprintf("%s is %s, and %s or newer is needed: install it, or allow `go` to fetch it with GOTOOLCHAIN=auto", e.Path, e.Have, e.Need)
	}
}

func (e *ToolchainError) Unwrap() error { return e.Err }

type toolchain struct{ path, version string }

// findToolchain returns the `go` command to use for the module in src: the one
// on PATH, else the one that this process was compiled with. It must be new
// enough for the module's go line once GOTOOLCHAIN has had its say.
func findToolchain(ctx context.Context, src string, env []string) (toolchain, error) {
	need := goLine(filepath.Join(src, "go.mod"))
	//lint:ignore SA1019 the root of the running toolchain is wanted, whatever PATH says
	path, err := lookGo(runtime.GOROOT()) //nolint:staticcheck
	if err != nil {
		return toolchain{}, &ToolchainError{Need: need}
	}
	cmd := exec.CommandContext(ctx, path, "env", "GOVERSION")
	cmd.Dir, cmd.Env = src, env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return toolchain{}, ctx.Err()
	}
	if err != nil {
		return toolchain{}, &ToolchainError{Path: path, Need: need, Err: fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))}
	}
	have, _, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if version.Compare(have, need) < 0 {
		return toolchain{}, &ToolchainError{Path: path, Have: have, Need: need}
	}
	return toolchain{path: path, version: have}, nil
}

// lookGo finds `go` on PATH, else in goroot, which is empty where unknown.
func lookGo(goroot string) (string, error) {
	path, err := exec.LookPath("go")
	if err != nil && goroot != "" {
		return exec.LookPath(filepath.Join(goroot, "bin", "go"))
	}
	return path, err
}

// goLine returns the version the go line of a go.mod asks for, as "go1.2.3", or
// "" where there is none.
func goLine(gomod string) string {
	data, _ := os.ReadFile(gomod)
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "go" {
			return "go" + f[1]
		}
	}
	return ""
}
