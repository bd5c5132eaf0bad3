package golang

import (
	"context"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/golang/internal/toolchain"
)

// Places in the build container.
const (
	sourcePath     = "/src"
	outPath        = "/out"
	moduleCache    = toolchain.GoPath + "/pkg/mod"
	buildCache     = toolchain.HomePath + "/.cache/go-build"
	caBundlePath   = "/etc/ssl/certs/ca-certificates.crt"
	timeZonesPath  = "/usr/share/zoneinfo"
	programsFolder = "/usr/local/bin"
)

// Base returns the container that Go commands run in: the toolchain, the cache
// volumes for modules and built packages, and the settings, without any source.
func (g *Golang) Base(ctx context.Context) (*dagger.Container, error) {
	ctr, err := g.toolchain(ctx)
	if err != nil {
		return nil, err
	}
	for _, kv := range [][2]string{
		{"GOPATH", toolchain.GoPath},
		{"GOMODCACHE", moduleCache},
		{"GOCACHE", buildCache},
		{"GOTOOLCHAIN", "local"},
		{"CGO_ENABLED", "0"},
	} {
		ctr = ctr.WithEnvVariable(kv[0], kv[1])
	}
	if g.opts.CABundle != nil {
		ctr = ctr.WithMountedFile(caBundlePath, g.opts.CABundle)
	}
	ctr = ctr.
		WithMountedCache(moduleCache, g.dag.CacheVolume(g.opts.CachePrefix+"-mod")).
		WithMountedCache(buildCache, g.dag.CacheVolume(g.opts.CachePrefix+"-build"))
	return g.withSettings(ctr), nil
}

// toolchain returns the container that the options ask for, with Go in it.
func (g *Golang) toolchain(ctx context.Context) (*dagger.Container, error) {
	if err := g.opts.check(); err != nil {
		return nil, err
	}
	if g.opts.Image != "" {
		return g.dag.Container().From(g.opts.Image), nil
	}
	published, err := g.published(ctx)
	if err != nil || g.opts.Base == nil {
		return published, err
	}
	return g.opts.Base.
		WithDirectory(toolchain.Root, published.Directory(toolchain.Root)).
		WithEnvVariable("PATH", toolchain.GoPath+"/bin:"+toolchain.Root+"/bin:$PATH", dagger.ContainerWithEnvVariableOpts{Expand: true}), nil
}

// published returns the toolchain from the module proxy on an empty root.
func (g *Golang) published(ctx context.Context) (*dagger.Container, error) {
	wanted := g.opts.Version
	if wanted == "" {
		d, err := g.describe(ctx)
		if err != nil {
			return nil, err
		}
		wanted = pickVersion(d.version)
	}
	platform, err := g.platform(ctx, "")
	if err != nil {
		return nil, err
	}
	engine, err := targetOf(platform)
	if err != nil {
		return nil, err
	}
	archive, err := toolchain.Archive(ctx, wanted, engine.arch, g.opts.Log)
	if err != nil {
		return nil, err
	}
	return g.dag.Container().Import(g.dag.Host().File(archive)), nil
}
