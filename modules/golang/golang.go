// Package golang builds and tests Go programs in containers, and makes runtime
// images that hold nothing but such a program. Start with New, then call Build,
// Test and Image.
//
// By default the toolchain is the one that Go's own module proxy publishes, on
// an otherwise empty root: no container registry, base image or libc is needed.
// Options choose an image or a base container instead, for cgo, the race
// detector, or modules that git has to fetch.
//
// The package knows only the Dagger client API and runs on every engine that
// serves it.
package golang

import (
	"errors"
	"maps"
	"path"
	"strings"
	"sync"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"
)

// DefaultVersion is the Go version for modules that ask for none, or only for
// an older language version.
const DefaultVersion = "1.26.8"

// Options describe how a module is built. The zero value is the recommended
// set-up.
type Options struct {
	// Path is the module's folder within the source. Default ".".
	Path string

	// Version is the Go version, such as "1.26.8". Default: the one that the
	// module's go.mod (or go.work) names; see pickVersion.
	Version string
	// Image is an image with Go in it, such as "golang:1.26-alpine", to use
	// instead of the published toolchain.
	Image string
	// Base is a container that the toolchain is added to, such as one with a C
	// compiler. It must be for the engine's platform.
	Base *dagger.Container

	// CABundle holds the certificates with which modules are fetched. Default:
	// what the engine and the base bring along.
	CABundle *dagger.File

	// Settings are GOPROXY, GOPRIVATE and the other variables that say how
	// modules are fetched (see settingNames). They are not part of the cache
	// key: what is fetched is checked against go.sum. Default: those that are
	// set in the environment of this process.
	Settings map[string]string

	// CachePrefix begins the names of the cache volumes for downloaded modules
	// (-mod) and built packages (-build). Default "bodkin-go".
	CachePrefix string

	// Log receives what happens outside the engine. Default: nothing is logged.
	Log *log.Logger
}

// Golang builds one module. Its methods may be called at the same time.
type Golang struct {
	dag    *dagger.Client
	source *dagger.Directory
	opts   Options

	mu   sync.Mutex
	read *description // the module's description, once it was asked for
}

// New returns a builder for the Go module in source. Nothing is looked at yet:
// that source has no module, or that options contradict each other, is an error
// of the first method that needs it.
func New(dag *dagger.Client, source *dagger.Directory, opts Options) *Golang {
	opts.Path = path.Clean(opts.Path)
	if opts.CachePrefix == "" {
		opts.CachePrefix = "bodkin-go"
	}
	if opts.Settings == nil {
		opts.Settings = hostSettings()
	}
	opts.Settings = maps.Clone(opts.Settings)
	return &Golang{dag: dag, source: source, opts: opts}
}

// check reports options that contradict each other.
func (o Options) check() error {
	switch {
	case o.Image != "" && o.Base != nil:
		return errors.New("golang: Image and Base both say what to build in: set one")
	case o.Image != "" && o.Version != "":
		return errors.New("golang: Image " + o.Image + " has its own Go version: set Image or Version")
	case path.IsAbs(o.Path) || o.Path == ".." || strings.HasPrefix(o.Path, "../"):
		return errors.New("golang: Path " + o.Path + " is not within the source")
	}
	return nil
}

// hasCompiler reports whether there may be a C compiler.
func (o Options) hasCompiler() bool { return o.Image != "" || o.Base != nil }
