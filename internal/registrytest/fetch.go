package registrytest

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/debian"
)

// Where the program comes from: its package, and the C library that it needs.
const suite = "bookworm"

var packages = []string{"docker-registry", "libc6"}

// fetch returns the command that runs the registry: the loader of the unpacked C
// library, so that nothing of the host's is used.
func fetch(ctx context.Context) ([]string, error) {
	dir, err := cachedir.Ensure("registrytest", suite+"-"+debian.HostArch())
	if err != nil {
		return nil, err
	}
	root, err := cachedir.Once(ctx, filepath.Join(dir, "root"), func(dir string) error { return unpack(ctx, dir) })
	if err != nil {
		return nil, err
	}
	return command(root)
}

func unpack(ctx context.Context, dir string) error {
	src, err := debian.HostSource(suite)
	if err != nil {
		return err
	}
	lock, err := src.Resolve(ctx, packages, debian.ResolveOptions{NoDepends: true})
	if err != nil {
		return err
	}
	return debian.Unpack(ctx, src, lock, dir)
}

func command(root string) ([]string, error) {
	loaders, err := filepath.Glob(filepath.Join(root, "lib", "*-linux-gnu", "ld-linux-*.so.*"))
	if err != nil {
		return nil, err
	}
	if len(loaders) == 0 {
		return nil, fmt.Errorf("%s holds no loader of programs: remove it to have it unpacked again", root)
	}
	return []string{loaders[0], "--library-path", filepath.Dir(loaders[0]), filepath.Join(root, "usr/bin/docker-registry")}, nil
}
