package rust

import (
	"context"
	_ "embed"
	"maps"
	"slices"
	"strings"

	"dagger.io/dagger"
)

//go:embed dependencies.sh
var dependenciesScript string

const dependenciesPath = "/dependencies"

// Download returns Base with the crates that the source needs in the cache
// volume. It depends on manifests and lock file alone, so that other changes of
// the source fetch nothing again.
func (r *Rust) Download(ctx context.Context) (*dagger.Container, error) { return r.download(ctx, "") }

// download is Download for a target, unless that is "".
func (r *Rust) download(ctx context.Context, target string) (*dagger.Container, error) {
	p, err := r.describe(ctx)
	if err != nil {
		return nil, err
	}
	ctr, err := r.base(ctx, target)
	if err != nil || len(p.vendor) > 0 {
		return ctr, err
	}
	host, err := r.host(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"cargo", "fetch", "--locked", "--target=" + host}
	if target != "" && target != host {
		args = append(args, "--target="+target)
	}
	return r.withSource(ctr, r.recipe(p)).WithExec(args), nil
}

// compile returns a container with the source, in which what the source depends
// on has been compiled for a cargo command. command has those of its arguments
// that decide about dependencies, and env the variables that do. The target is
// "" for the toolchain's own.
func (r *Rust) compile(ctx context.Context, target string, command []string, env map[string]string) (*dagger.Container, error) {
	p, err := r.describe(ctx)
	if err != nil {
		return nil, err
	}
	ctr, err := r.download(ctx, target)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		ctr = ctr.WithEnvVariable(name, env[name])
	}
	locked := dagger.ContainerWithMountedCacheOpts{Sharing: dagger.CacheSharingModeLocked}
	compiled := r.withSource(ctr, r.recipe(p)).
		WithMountedCache(targetPath, r.dag.CacheVolume(r.opts.CachePrefix+"-target"), locked).
		WithExec(append([]string{
			"sh", "-c", "set -eu\n" + dependenciesScript, "dependencies.sh", dependenciesPath, strings.Join(p.unstable, "\n"),
		}, command...))
	return r.withSource(ctr, r.source).
		WithMountedDirectory(targetPath, compiled.Directory(dependenciesPath)), nil
}
