package rust

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/debian"
)

// Suite is the Debian release that the toolchain comes from: its Rust is
// version 1.85.
const Suite = "trixie"

// The packages, pinned.
//
//go:generate go run ./lockgen
//go:embed locks/*/*.lock
var locks embed.FS

// Folders of lock files.
const (
	Native = "native" // the toolchain
	Cross  = "cross"  // a C compiler and library for the other architecture
	Std    = "std"    // the standard library alone
)

// Set is a set of Debian packages that has lock files of its own.
type Set struct {
	Packages []string
	Without  []string // what others depend on and nothing here needs
	Bare     bool     // there is no system around them
}

// SetOf returns the packages of a folder of lock files, for an architecture by
// Debian's name.
func SetOf(folder, arch string) Set {
	switch folder {
	case Cross:
		for _, other := range crossTargets {
			if other.arch != arch {
				return Set{Packages: []string{"gcc-" + other.gcc, "libc6-dev-" + other.arch + "-cross"}, Bare: true}
			}
		}
	case Std:
		return Set{Packages: []string{"libstd-rust-dev"}, Without: []string{"libstd-rust-1.85"}, Bare: true}
	}
	return Set{Packages: []string{"cargo", "gcc", "libc6-dev", "rust-clippy", "rustc", "rustfmt"}}
}

// release returns Debian with the packages of a folder of lock files.
func (r *Rust) release(folder string, platform dagger.Platform) (*debian.Debian, error) {
	own, err := fs.Sub(locks, "locks/"+folder)
	if err != nil {
		return nil, err
	}
	arch, err := architecture(platform)
	if err != nil {
		return nil, err
	}
	set := SetOf(folder, arch)
	opts := debian.Options{Suite: Suite, Packages: set.Packages, Without: set.Without, Platform: platform, Locks: own}
	if !set.Bare {
		opts.Packages = append(opts.Packages, r.opts.Packages...)
		opts.Lock = r.opts.Lock
	}
	return debian.New(r.dag, opts), nil
}

// toolchain returns the container that the options ask for, with Rust in it; for
// a target, unless that is "".
func (r *Rust) toolchain(ctx context.Context, target string) (*dagger.Container, error) {
	switch {
	case r.opts.Image != "":
		return r.dag.Container().From(r.opts.Image), nil
	case r.opts.Base != nil:
		return r.opts.Base, nil
	}
	platform, err := r.dag.DefaultPlatform(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the engine for its platform: %w", err)
	}
	host, err := debianTriple(platform)
	if err != nil {
		return nil, err
	}
	release, err := r.release(Native, platform)
	if err != nil {
		return nil, err
	}
	base, err := release.Base(ctx)
	if err != nil {
		return nil, fmt.Errorf("rust: %w", err)
	}
	if _, known := crossTargets[target]; !known || target == host {
		return base, nil
	}
	return r.withTarget(ctx, base, platform, target)
}
