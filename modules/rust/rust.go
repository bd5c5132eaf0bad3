// Package rust builds, checks and tests Rust programs in containers, and makes
// runtime images that hold nothing but such a program. Start with New, then
// call Build, Test, Clippy and Image.
//
// By default Rust comes from Debian's packages, pinned to the versions that
// come with this package: no container registry is needed. Options choose an
// image or a container instead.
//
// What a program depends on is compiled apart from its sources, by manifests
// and lock file alone, so that an edit compiles only the crates in the source.
// Each step starts from a folder that holds compiled dependencies; packages of
// a workspace that others depend on are added by the content of their files:
// there is no state that a file's age could mislead.
//
// The package knows only the Dagger client API and runs on every engine that
// serves it.
package rust

import (
	"errors"
	"path"
	"slices"
	"strings"
	"sync"

	"dagger.io/dagger"
)

// Options describe how a package or workspace is built. The zero value is the
// recommended set-up.
type Options struct {
	// Path is the folder of the package, or of the workspace, within the
	// source. Default ".".
	Path string

	// Image is an image with cargo and a shell in it, such as "rust:1.95" or
	// "rustlang/rust:nightly", to use instead of Debian's packages.
	Image string
	// Base is such a container.
	Base *dagger.Container
	// Packages are further Debian packages to build and test with, such as
	// "pkg-config" and "libssl-dev". Without Lock, they have the versions that
	// the mirror has.
	Packages []string
	// Lock is the path of a lock file for Debian's packages; see debian.Options.
	// Default: the one that comes with this package, where Packages is empty.
	Lock string

	// CABundle holds the certificates with which crates are fetched. Default:
	// what the engine brings along.
	CABundle *dagger.File

	// Settings say how crates are fetched. They are not part of the cache key:
	// what is fetched is checked against Cargo.lock. Default: HostSettings.
	Settings *Settings

	// CachePrefix begins the names of the cache volumes for fetched crates
	// (-home), compiled dependencies (-target) and packages of the source
	// (-units). Default "bodkin-rust".
	CachePrefix string
}

// Rust builds one package or workspace. Its methods may be called at the same
// time.
type Rust struct {
	dag    *dagger.Client
	source *dagger.Directory
	opts   Options

	mu   sync.Mutex
	read *project // what the source holds, once it was asked for
}

// New returns a builder for the package or workspace in source. Nothing is
// looked at yet: that source has no manifest, or that options contradict each
// other, is an error of the first method that needs it.
func New(dag *dagger.Client, source *dagger.Directory, opts Options) *Rust {
	opts.Path = path.Clean(opts.Path)
	if opts.CachePrefix == "" {
		opts.CachePrefix = "bodkin-rust"
	}
	opts.Packages = slices.Clone(opts.Packages)
	return &Rust{dag: dag, source: source, opts: opts}
}

// check reports options that contradict each other.
func (o Options) check() error {
	switch {
	case o.Image != "" && o.Base != nil:
		return errors.New("rust: Image and Base both say what to build in: set one")
	case (o.Image != "" || o.Base != nil) && (len(o.Packages) > 0 || o.Lock != ""):
		return errors.New("rust: Packages and Lock are for Debian's toolchain, which Image and Base replace: install packages in a Base")
	case path.IsAbs(o.Path) || o.Path == ".." || strings.HasPrefix(o.Path, "../"):
		return errors.New("rust: Path " + o.Path + " is not within the source")
	}
	return nil
}
