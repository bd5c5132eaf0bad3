package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// modulePath is the module as which toolchains are published. Source:
// https://go.dev/doc/toolchain#proxies
const modulePath = "golang.org/toolchain"

// moduleVersion returns the module's version for a toolchain.
func moduleVersion(version, arch string) string {
	return "v0.0.1-go" + version + ".linux-" + arch
}

// downloadArgs are the arguments of the `go` command that fetches and verifies
// a toolchain.
func downloadArgs(version, arch string) []string {
	return []string{"mod", "download", "-json", modulePath + "@" + moduleVersion(version, arch)}
}

// download returns the path of the toolchain's module archive.
func download(ctx context.Context, version, arch string) (zip string, err error) {
	goCommand, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("%w: a Go installation downloads and verifies it; install any version of Go, or use an image", err)
	}
	// An empty folder, so that no go.mod or go.work has a say.
	dir, err := os.MkdirTemp("", "bodkin-toolchain-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	cmd := exec.CommandContext(ctx, goCommand, downloadArgs(version, arch)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PWD="+dir, "GO111MODULE=on", "GOWORK=off", "GOFLAGS=")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	failed := cmd.Run()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	var result struct{ Zip, Error string }
	if err := json.Unmarshal(stdout.Bytes(), &result); err == nil && failed == nil && result.Zip != "" {
		return result.Zip, nil
	}
	return "", downloadError(failed, result.Error, stderr.String())
}

// downloadError says why `go mod download` failed.
func downloadError(failed error, reported, stderr string) error {
	text := strings.TrimSpace(reported)
	if text == "" {
		text = strings.TrimSpace(stderr)
	}
	if text == "" {
		return fmt.Errorf("running go mod download: %w", failed)
	}
	return errors.New(strings.ReplaceAll(text, "\n\t", " "))
}
