package dockertest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/debian"
)

// rootRevision goes up when a root is made differently.
const rootRevision = "3"

var (
	rootPackages = strings.Fields("docker.io slirp4netns dash ca-certificates git coreutils sed grep")
	// What only maintainer scripts and init systems use.
	rootWithout = strings.Fields("openssl adduser passwd debconf perl liberror-perl git-man lsb-base sysvinit-utils init-system-helpers")
)

// root returns a folder with dockerd and what it needs, of a Debian suite. It is
// unpacked once into the cache folder.
func root(ctx context.Context, suite string) (string, error) {
	dir, err := cachedir.Ensure("test-docker")
	if err != nil {
		return "", err
	}
	made, err := cachedir.Once(ctx, filepath.Join(dir, suite+"-"+rootRevision), func(work string) error { return unpack(ctx, suite, work) })
	if err != nil {
		return "", fmt.Errorf("unpacking Docker of Debian %s: %w", suite, err)
	}
	return made, nil
}

func unpack(ctx context.Context, suite, dir string) error {
	src, err := debian.HostSource(suite)
	if err != nil {
		return err
	}
	lock, err := src.Resolve(ctx, rootPackages, debian.ResolveOptions{Without: rootWithout})
	if err != nil {
		return err
	}
	if err := debian.Unpack(ctx, src, lock, dir); err != nil {
		return err
	}
	return finish(dir)
}

// finish makes the links that maintainer scripts would make.
func finish(dir string) error {
	for name, target := range map[string]string{
		"usr/sbin/iptables":  "xtables-nft-multi",
		"usr/sbin/ip6tables": "xtables-nft-multi",
		"usr/bin/sh":         "dash",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(dir, "usr/share/doc"))
}
