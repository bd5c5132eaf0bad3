package rust

import (
	"context"
	"fmt"

	"dagger.io/dagger"
)

// crossTarget is a target that Debian's toolchain builds for on another
// architecture.
type crossTarget struct {
	arch string // Debian's name
	gcc  string // ends the name of the compiler's package
	tool string // begins the names of the compiler's programs
}

// crossTargets are by target triple.
var crossTargets = map[string]crossTarget{
	"x86_64-unknown-linux-gnu":  {arch: "amd64", gcc: "x86-64-linux-gnu", tool: "x86_64-linux-gnu"},
	"aarch64-unknown-linux-gnu": {arch: "arm64", gcc: "aarch64-linux-gnu", tool: "aarch64-linux-gnu"},
}

// withTarget adds to Debian's toolchain what it takes to build for another
// target: a C compiler to link with, and the target's standard library from the
// packages of its architecture. Nothing of the target runs, so there is no
// emulation.
func (r *Rust) withTarget(ctx context.Context, base *dagger.Container, platform dagger.Platform, target string) (*dagger.Container, error) {
	other := crossTargets[target]
	compiler, err := r.unpacked(ctx, Cross, platform)
	if err != nil {
		return nil, err
	}
	library, err := r.unpacked(ctx, Std, dagger.Platform("linux/"+other.arch))
	if err != nil {
		return nil, err
	}
	folder := "/usr/lib/rustlib/" + target
	return base.
		WithDirectory("/usr", compiler.Directory("/usr")).
		WithDirectory(folder, library.Directory(folder)).
		WithEnvVariable("CARGO_TARGET_"+variable(target)+"_LINKER", other.tool+"-gcc"), nil
}

// unpacked returns the files of a set of packages.
func (r *Rust) unpacked(ctx context.Context, folder string, platform dagger.Platform) (*dagger.Container, error) {
	release, err := r.release(folder, platform)
	if err != nil {
		return nil, err
	}
	unpacked, err := release.Unpacked(ctx)
	if err != nil {
		return nil, fmt.Errorf("rust: %w", err)
	}
	return unpacked, nil
}
