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
//go:embed locks/*.lock
var locks embed.FS

// Packages lists the Debian packages of the toolchain: compiler, cargo, clippy
// and rustfmt, and what links C libraries.
func Packages() []string {
	return []string{"cargo", "gcc", "libc6-dev", "rust-clippy", "rustc", "rustfmt"}
}

// toolchain returns the container that the options ask for, with Rust in it.
func (r *Rust) toolchain(ctx context.Context) (*dagger.Container, error) {
	switch {
	case r.opts.Image != "":
		return r.dag.Container().From(r.opts.Image), nil
	case r.opts.Base != nil:
		return r.opts.Base, nil
	}
	own, err := fs.Sub(locks, "locks")
	if err != nil {
		return nil, err
	}
	base, err := debian.New(r.dag, debian.Options{
		Suite:    Suite,
		Packages: append(Packages(), r.opts.Packages...),
		Locks:    own,
		Lock:     r.opts.Lock,
	}).Base(ctx)
	if err != nil {
		return nil, fmt.Errorf("rust: %w", err)
	}
	return base, nil
}
