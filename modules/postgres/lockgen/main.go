// Lockgen writes the lock files of PostgreSQL's packages anew, with the versions
// that the host's mirror has now: run `go generate` in modules/postgres.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

func main() {
	if err := generate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "lockgen:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context) error {
	for _, version := range postgres.Versions() {
		release, err := postgres.ReleaseOf(version)
		if err != nil {
			return err
		}
		src, err := debian.HostSource(release.Suite)
		if err != nil {
			return err
		}
		for _, arch := range []string{"amd64", "arm64"} {
			src.Arch = arch
			lock, err := src.Resolve(ctx, release.Packages, debian.ResolveOptions{Without: release.Without})
			if err != nil {
				return fmt.Errorf("PostgreSQL %s for %s: %w", version, arch, err)
			}
			if err := lock.Write(filepath.Join("locks", src.Suite+"-"+arch+".lock")); err != nil {
				return err
			}
		}
	}
	return nil
}
