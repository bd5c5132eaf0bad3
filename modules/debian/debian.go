// Package debian makes base containers from Debian packages, with no container
// registry: for what needs a libc, such as Rust, cgo or PostgreSQL. Packages
// are checked against Debian's signatures on the client. Start with New:
//
//	base, err := debian.New(dag, debian.Options{Packages: []string{"gcc", "libc6-dev"}, Lock: "ci/debian.lock"}).Base(ctx)
//
// It also gives scratch images what they may need of a distribution: CABundle
// and TimeZones.
package debian

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"dagger.io/dagger"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

// Options says which Debian. The zero value is the current stable release with
// apt, CA certificates and time zones, pinned to the versions that come with
// this package.
type Options struct {
	// Suite is the release's code name. Default: archive.DefaultSuite, "trixie".
	Suite string
	// Packages are installed in the base, with what they depend on.
	Packages []string
	// Lock is the path of the lock file that pins the base to the byte. It is
	// written when it does not exist; refresh it with UpdateLock. Without a lock
	// file, only a base without further Packages is pinned.
	Lock string
	// Locks holds lock files named SUITE-ARCHITECTURE.lock, for a package that
	// embeds some: the one that is for the same packages is used where Lock is
	// not set.
	Locks fs.FS
	// Without names packages to leave out although others depend on them, such
	// as those that only maintainer scripts need, with what only they need.
	Without []string
	// Platform is the containers' platform. Default: the engine's.
	Platform dagger.Platform
	// Mirror is the URL of the Debian mirror. Default: the one in
	// BODKIN_DEBIAN_MIRROR, else in the host's apt configuration.
	Mirror string
}

// Debian makes containers of one release.
type Debian struct {
	dag     *dagger.Client
	opts    Options
	keyring []byte // of the archive; empty: Debian's
	bare    bool   // Packages alone, as Unpacked has them
}

// New returns the release that opts describes. Nothing is downloaded yet.
func New(dag *dagger.Client, opts Options) *Debian {
	if opts.Suite == "" {
		opts.Suite = archive.DefaultSuite
	}
	opts.Packages = slices.Clone(opts.Packages)
	opts.Without = slices.Sorted(slices.Values(opts.Without))
	return &Debian{dag: dag, opts: opts}
}

// source is where the packages come from.
func (d *Debian) source(arch string) (archive.Source, error) {
	s, err := archive.MirrorSource(d.opts.Suite, d.opts.Mirror)
	s.Arch, s.Keyring = arch, d.keyring
	return s, err
}

// platform returns the platform of the containers and Debian's name for its
// architecture.
func (d *Debian) platform(ctx context.Context) (dagger.Platform, string, error) {
	p := d.opts.Platform
	if p == "" {
		var err error
		if p, err = d.dag.DefaultPlatform(ctx); err != nil {
			return "", "", fmt.Errorf("asking the engine for its platform: %w", err)
		}
	}
	arch, err := debianArch(string(p))
	return p, arch, err
}

// debianArch is Debian's name for the architecture of a platform.
func debianArch(platform string) (string, error) {
	parts := strings.SplitN(platform, "/", 3)
	if len(parts) < 2 || parts[0] != "linux" {
		return "", fmt.Errorf("Debian has no port for platform %q (expected linux/amd64, linux/arm64 …)", platform)
	}
	switch arch := parts[1]; arch {
	case "386":
		return "i386", nil
	case "arm":
		return "armhf", nil
	case "ppc64le":
		return "ppc64el", nil
	default:
		return arch, nil
	}
}
