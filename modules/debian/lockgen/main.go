// Lockgen writes the lock files of the default Debian base anew, with the
// versions that the host's mirror has now: run `go generate` in modules/debian.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/internal/debian"
	module "github.com/bodkin-ci/bodkin/modules/debian"
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
	for _, arch := range []string{"amd64", "arm64"} {
		src.Arch = arch
		lock, err := src.Resolve(ctx, module.BasePackages, debian.ResolveOptions{Essential: true})
		if err != nil {
			return err
		}
		if err := lock.Write(filepath.Join("locks", src.Suite+"-"+arch+".lock")); err != nil {
			return err
		}
	}
	return nil
}
