// Lockgen writes the lock files of the servers' packages anew, with the versions
// that the host's mirror has now: run `go generate` in modules/redis.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/modules/redis"
)

func main() {
	if err := generate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "lockgen:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context) error {
	src, err := debian.HostSource(debian.DefaultSuite)
	if err != nil {
		return err
	}
	for _, program := range redis.Programs {
		packages, without := redis.Packages(program)
		for _, arch := range []string{"amd64", "arm64"} {
			src.Arch = arch
			lock, err := src.Resolve(ctx, packages, debian.ResolveOptions{Without: without})
			if err != nil {
				return fmt.Errorf("%s for %s: %w", program, arch, err)
			}
			if err := lock.Write(filepath.Join("locks", program, src.Suite+"-"+arch+".lock")); err != nil {
				return err
			}
		}
	}
	return nil
}
