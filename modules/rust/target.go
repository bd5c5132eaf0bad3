package rust

import (
	"context"
	"fmt"
	"strings"

	"dagger.io/dagger"
	"github.com/containerd/platforms"
)

// rustNames are Rust's names for architectures of platforms.
var rustNames = map[string]string{
	"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "riscv64": "riscv64gc", "ppc64le": "powerpc64le", "s390x": "s390x",
}

// host returns the target triple of the toolchain, such as
// "x86_64-unknown-linux-gnu".
func (r *Rust) host(ctx context.Context) (string, error) {
	if r.opts.Image == "" && r.opts.Base == nil {
		platform, err := r.dag.DefaultPlatform(ctx)
		if err != nil {
			return "", fmt.Errorf("asking the engine for its platform: %w", err)
		}
		return debianTriple(platform)
	}
	ctr, err := r.Base(ctx)
	if err != nil {
		return "", err
	}
	out, err := ctr.WithExec([]string{"rustc", "-vV"}).Stdout(ctx)
	if err != nil {
		return "", fmt.Errorf("asking rustc for its target: %w", err)
	}
	for line := range strings.Lines(out) {
		if triple, ok := strings.CutPrefix(line, "host: "); ok {
			return strings.TrimSpace(triple), nil
		}
	}
	return "", fmt.Errorf("asking rustc for its target: there is no host in %q", out)
}

// debianTriple returns the target of Debian's toolchain on a platform.
func debianTriple(platform dagger.Platform) (string, error) {
	arch, err := architecture(platform)
	if err != nil {
		return "", err
	}
	for triple, target := range crossTargets {
		if target.arch == arch {
			return triple, nil
		}
	}
	return "", fmt.Errorf("rust: Debian's toolchain for platform %q is not known: set Options.Image", platform)
}

// architecture returns that of a Linux platform, by the name that Debian has for
// it too.
func architecture(platform dagger.Platform) (string, error) {
	p, err := platforms.Parse(string(platform))
	if err != nil {
		return "", fmt.Errorf("reading platform %q: %w", platform, err)
	}
	if p.OS != "linux" {
		return "", fmt.Errorf("rust: platform %q is not Linux: set Options.Image, and Target", platform)
	}
	return p.Architecture, nil
}

// triple returns the target to build for: the given one, or the one for the
// platform, or the toolchain's own.
func (r *Rust) triple(ctx context.Context, opts BuildOptions) (string, error) {
	if opts.Target != "" {
		return opts.Target, nil
	}
	if opts.Platform == "" {
		return r.host(ctx)
	}
	arch, err := architecture(opts.Platform)
	if err != nil {
		return "", err
	}
	if r.opts.Image == "" && r.opts.Base == nil {
		return debianTriple(opts.Platform)
	}
	host, err := r.host(ctx)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(host, rustNames[arch]+"-") {
		return "", fmt.Errorf("rust: this toolchain builds for %s and not for %s: set Target, and bring its standard library and linker", host, opts.Platform)
	}
	return host, nil
}
