package rust

import (
	"context"
	"path"

	"dagger.io/dagger"
)

// Places in the build container. They are the same everywhere, because
// programs hold some of them.
const (
	sourcePath     = "/src"
	targetPath     = "/target"
	cargoHome      = "/cargo"
	configPath     = "/.cargo/config.toml"
	caBundlePath   = "/etc/ssl/certs/ca-certificates.crt"
	programsFolder = "/usr/local/bin"
)

// Base returns the container that cargo runs in: the toolchain, the cache
// volume for fetched crates and the settings, without any source.
func (r *Rust) Base(ctx context.Context) (*dagger.Container, error) { return r.base(ctx, "") }

// base is Base, with what it takes to build for a target unless that is "".
func (r *Rust) base(ctx context.Context, target string) (*dagger.Container, error) {
	if err := r.opts.check(); err != nil {
		return nil, err
	}
	ctr, err := r.toolchain(ctx, target)
	if err != nil {
		return nil, err
	}
	for _, kv := range [][2]string{
		{"CARGO_HOME", cargoHome},
		{"CARGO_TARGET_DIR", targetPath},
		// What it keeps is for edits in the same folder, which no step sees.
		{"CARGO_INCREMENTAL", "0"},
		{"CARGO_TERM_COLOR", "never"},
		{"CARGO_TERM_PROGRESS_WHEN", "never"},
		// The time, for build scripts that put one into programs.
		{"SOURCE_DATE_EPOCH", "0"},
	} {
		ctr = ctr.WithEnvVariable(kv[0], kv[1])
	}
	if r.opts.CABundle != nil {
		ctr = ctr.WithMountedFile(caBundlePath, r.opts.CABundle)
	}
	// Cargo itself has execs that share the folder wait for each other.
	ctr = ctr.WithMountedCache(cargoHome, r.dag.CacheVolume(r.opts.CachePrefix+"-home"))
	return r.withSettings(ctr)
}

// withSource mounts files as the source and goes to the package's folder.
func (r *Rust) withSource(ctr *dagger.Container, files *dagger.Directory) *dagger.Container {
	return ctr.
		WithMountedDirectory(sourcePath, files).
		WithWorkdir(path.Join(sourcePath, r.opts.Path))
}
