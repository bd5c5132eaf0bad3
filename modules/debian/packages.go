package debian

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"dagger.io/dagger"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

//go:embed apt.sh
var aptScript string

const (
	aptLists    = "/var/lib/apt/lists"
	aptArchives = "/var/cache/apt/archives"
	aptSources  = "/run/secrets/bodkin-debian.sources"
)

var packageSpec = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*(:[a-z0-9-]+)?(=[A-Za-z0-9.+~:-]+)?$`)

// WithPackages installs packages in a container of this release with apt, in
// the versions that the mirror has when the step runs: it is for what need not
// be the same tomorrow. Indexes and packages are kept in cache volumes, not in
// the container. A package is "name", "name=version" or "name:architecture".
func (d *Debian) WithPackages(ctx context.Context, ctr *dagger.Container, packages ...string) (*dagger.Container, error) {
	if len(packages) == 0 {
		return ctr, nil
	}
	for _, p := range packages {
		if !packageSpec.MatchString(p) {
			return nil, fmt.Errorf("installing Debian packages: %q is not a package name", p)
		}
	}
	_, arch, err := d.platform(ctx)
	if err != nil {
		return nil, err
	}
	src, err := d.source(arch)
	if err != nil {
		return nil, fmt.Errorf("installing Debian packages: %w", err)
	}
	user, err := ctr.User(ctx)
	if err != nil {
		return nil, err
	}
	locked := dagger.ContainerWithMountedCacheOpts{Sharing: dagger.CacheSharingModeLocked}
	volume := func(name string) *dagger.CacheVolume {
		return d.dag.CacheVolume("bodkin-debian-" + d.opts.Suite + "-" + arch + "-" + name)
	}
	// Sorted: the order in which a caller names packages is no other step.
	packages = slices.Compact(slices.Sorted(slices.Values(packages)))
	// The mirror is this host's business. As a secret it is neither part of the
	// step's cache key nor left in the container.
	sources := d.dag.SetSecret("bodkin-debian-sources-"+d.opts.Suite, sourcesList(src))
	ctr = ctr.
		WithUser("root").
		WithMountedCache(aptLists, volume("lists"), locked).
		WithMountedCache(aptArchives, volume("archives"), locked).
		WithMountedSecret(aptSources, sources).
		WithExec(append([]string{"/bin/sh", "-c", "set -eu\n" + quiet + aptScript + tidy, aptSources}, packages...)).
		WithoutMount(aptSources).
		WithoutMount(aptArchives).
		WithoutMount(aptLists)
	if user == "" {
		return ctr.WithoutUser(), nil
	}
	return ctr.WithUser(user), nil
}

// sourcesList is the apt configuration for a source.
func sourcesList(src archive.Source) string {
	var b strings.Builder
	for _, a := range src.Archives {
		fmt.Fprintf(&b, "Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n", a.Mirror, a.Suite)
		b.WriteString("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
		if src.AllowExpired {
			b.WriteString("Check-Valid-Until: no\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}
