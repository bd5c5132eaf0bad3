// Lockgen writes the lock files of Rust's packages anew, with the versions that
// the host's mirror has now: run `go generate` in modules/rust.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

func main() {
	if err := generate(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "lockgen:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context) error {
	src, err := archive.HostSource(rust.Suite)
	if err != nil {
		return err
	}
	for _, folder := range []string{rust.Native, rust.Cross, rust.Std} {
		for _, arch := range []string{"amd64", "arm64"} {
			src.Arch = arch
			set := rust.SetOf(folder, arch)
			wanted := slices.Clone(set.Packages)
			if !set.Bare {
				wanted = append(wanted, debian.BasePackages...)
			}
			slices.Sort(wanted)
			lock, err := src.Resolve(ctx, wanted, archive.ResolveOptions{Essential: !set.Bare, Without: set.Without})
			if err != nil {
				return fmt.Errorf("%s packages of Rust for %s: %w", folder, arch, err)
			}
			if err := lock.Write(filepath.Join("locks", folder, src.Suite+"-"+arch+".lock")); err != nil {
				return err
			}
		}
	}
	return nil
}
