// Package shim builds the program that is PID 1 of each exec. Start with Build;
// package protocol says how the program is called and what it leaves behind.
package shim

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/gobuild"
)

//go:embed go.mod.txt cmd/shim/*.go protocol/*.go scrub/*.go
var sources embed.FS

// Build returns the path on this machine of the shim for Linux on the given
// architecture (a GOARCH value; "" is this machine's), and its digest
// ("sha256:…"). It compiles the shim unless the cache folder has it already.
// Errors are those of gobuild.Build.
func Build(ctx context.Context, arch string, logger *log.Logger) (path, digest string, err error) {
	path, err = gobuild.Build(ctx, gobuild.Program{
		Name:    "shim",
		Files:   sources,
		Package: "./cmd/shim",
		GOOS:    "linux",
		GOARCH:  arch,
		Log:     logger,
	})
	if err != nil {
		return "", "", fmt.Errorf("building the exec shim: %w", err)
	}
	digest, err = digestOf(path)
	if err != nil {
		return "", "", fmt.Errorf("reading the exec shim: %w", err)
	}
	return path, digest, nil
}

func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}
