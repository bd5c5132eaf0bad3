package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/debian"
)

// The packages, pinned.
//
//go:generate go run ./lockgen
//go:embed locks/*.lock
var locks embed.FS

// Release is what a Debian release has of PostgreSQL.
type Release struct {
	Suite    string
	Packages []string
	Without  []string // what is not needed, although others depend on it
}

// releases are by PostgreSQL's major version.
var releases = map[string]string{"15": "bookworm", "17": "trixie"}

// Versions lists the major versions that Options.Version takes.
func Versions() []string { return slices.Sorted(maps.Keys(releases)) }

// ReleaseOf returns what Debian has of a major version: the server and client,
// and of a system only what init.sh and start.sh use.
func ReleaseOf(version string) (Release, error) {
	suite, known := releases[version]
	if !known {
		return Release{}, fmt.Errorf("postgres: Debian has no PostgreSQL %s: choose %s, or set Image or Base", version, strings.Join(Versions(), " or "))
	}
	return Release{
		Suite:    suite,
		Packages: []string{"coreutils", "dash", "libc-bin", "postgresql-" + version, "postgresql-client-" + version},
		Without: []string{
			// Clusters and their set-up, by maintainer scripts that do not run.
			"adduser", "debconf", "locales", "libpam-modules", "perl", "postgresql-client-common", "postgresql-common",
			"postgresql-common-dev", "ssl-cert", "ucf", "dpkg", "passwd", "init-system-helpers", "sysvinit-utils", "netbase",
			"sensible-utils", "readline-common", "usrmerge", "libpam-runtime",
			// The compiler for queries: half of all bytes.
			"libllvm14", "libllvm19",
		},
	}, nil
}

// The account that Debian's packages would have made.
const (
	account = "postgres"
	owner   = "999:999"
	passwd  = "root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh\n"
	group   = "root:x:0:\npostgres:x:999:\n"
)

// base is the container that PostgreSQL is in.
func (p *Postgres) base(ctx context.Context) (*dagger.Container, error) {
	switch {
	case p.opts.Image != "":
		return p.dag.Container().From(p.opts.Image), nil
	case p.opts.Base != nil:
		return p.opts.Base, nil
	}
	version := p.opts.Version
	if version == "" {
		version = DefaultVersion
	}
	release, err := ReleaseOf(version)
	if err != nil {
		return nil, err
	}
	for _, name := range p.opts.Extensions {
		release.Packages = append(release.Packages, "postgresql-"+version+"-"+name)
	}
	own, err := fs.Sub(locks, "locks")
	if err != nil {
		return nil, err
	}
	unpacked, err := debian.New(p.dag, debian.Options{
		Suite: release.Suite, Packages: release.Packages, Without: release.Without, Locks: own, Lock: p.opts.Lock,
	}).Unpacked(ctx)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return unpacked.
		WithNewFile("/etc/passwd", passwd).
		WithNewFile("/etc/group", group).
		WithEnvVariable("PATH", "/usr/lib/postgresql/"+version+"/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").
		WithEnvVariable("LANG", "C.UTF-8"), nil
}
