// Package shell has a shell for containers that have none: BusyBox, from a
// signed Debian package. Start with Fetch.
package shell

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/debian"
)

// Where the program comes from.
const (
	suite       = "trixie"
	packageName = "busybox-static"
	program     = "usr/bin/busybox"
)

// Name is the file's name in its folder.
const Name = "busybox"

// Fetch returns the path on this machine of a BusyBox for Linux on an
// architecture (a GOARCH value): one file that needs no other. It is fetched
// unless the cache folder has it. Errors are those of package debian: where the
// host names no Debian mirror, debian.ErrNoMirror.
func Fetch(ctx context.Context, arch string, logger *log.Logger) (string, error) {
	dir, err := cachedir.Ensure("shell", suite+"-"+arch)
	if err != nil {
		return "", err
	}
	path, err := cachedir.Once(ctx, filepath.Join(dir, Name), func(path string) error {
		work := path + ".package"
		if err := unpack(ctx, work, arch, logger); err != nil {
			return err
		}
		return os.Rename(filepath.Join(work, program), path)
	})
	if err != nil {
		return "", fmt.Errorf("fetching a shell for a container that has none: %w", err)
	}
	return path, nil
}

func unpack(ctx context.Context, dir, arch string, logger *log.Logger) error {
	src, err := debian.HostSource(suite)
	if err != nil {
		return err
	}
	src.Arch = debian.Arch(arch)
	logger.Info("fetching a shell (once)", "package", packageName, "arch", src.Arch)
	lock, err := src.Resolve(ctx, []string{packageName}, debian.ResolveOptions{NoDepends: true})
	if err != nil {
		return err
	}
	return debian.Unpack(ctx, src, lock, dir)
}
