// Package postgres runs PostgreSQL beside the steps of a pipeline, set up for
// tests: in memory, and not safe against a power cut. Start with New, and bind
// the database to what needs it:
//
//	bind, err := postgres.New(dag, postgres.Options{}).Bind(ctx, "db")
//	...
//	ctr = ctr.With(bind) // DATABASE_URL, and PGHOST and the like for psql
//
// PostgreSQL comes from Debian packages that are pinned to the byte, so no
// registry is needed; Options.Image and Options.Base take another one.
//
// The data folder is made once, by a step that the engine caches: initdb, the
// database and the SQL of Options.Init. The service starts with a copy of it.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"dagger.io/dagger"
)

// Port is where the service listens.
const Port = 5432

// Defaults of Options.
const (
	DefaultVersion = "17"
	DefaultUser    = "postgres"
	DefaultAlias   = "postgres"
)

// Options describe a database. The zero value is the recommended set-up for
// tests.
type Options struct {
	// Version is the major version that Debian has: "17" (of Debian 13,
	// trixie) or "15" (of Debian 12, bookworm). Default: DefaultVersion.
	Version string
	// Image is an image with PostgreSQL in it, such as "postgres:17", to use
	// instead of Debian's packages. Where it has docker-ensure-initdb.sh, as the
	// official ones do, that makes the data folder.
	Image string
	// Base is a container to use instead, with PostgreSQL's server and client, a
	// shell and a user named postgres.
	Base *dagger.Container
	// Extensions are further extensions from Debian, such as "pgvector" for
	// package postgresql-17-pgvector. Those that PostgreSQL itself brings
	// (contrib) are always there. All of them still need CREATE EXTENSION.
	Extensions []string
	// Lock is the path of the lock file that pins the packages when there are
	// Extensions. It is written when it does not exist.
	Lock string

	// User owns the database and may do everything. Default: DefaultUser.
	User string
	// Password is the user's. It is set when the service starts and is in no
	// cache. Default: one that everybody can read in this package.
	Password *dagger.Secret
	// Database is created unless it is "postgres". Default: the user's name.
	Database string
	// Init holds files named *.sql, which psql runs in the order of their names,
	// as User in Database, when the data folder is made. What they do is
	// cached, so they must not hold secrets. The first error ends it.
	Init *dagger.Directory
	// Settings are PostgreSQL's own, such as "max_connections", put over
	// TestSettings. They hold when the service runs; only
	// shared_preload_libraries holds for Init as well.
	Settings map[string]string
	// Volume keeps the data from one run to the next. Only one service at a time
	// can use it, and TestSettings do not hold. Default: the data is in memory
	// and goes with the service.
	Volume *dagger.CacheVolume
}

// TestSettings hold where Options.Settings do not say otherwise: nothing waits
// for a disk, and there is no compiler for queries.
func TestSettings() map[string]string {
	return map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "jit": "off"}
}

// Postgres describes one database. Its methods may be called at the same time.
type Postgres struct {
	dag  *dagger.Client
	opts Options
}

// New returns the database that opts describe. Nothing happens yet: options
// that contradict each other are an error of the first method that needs them.
func New(dag *dagger.Client, opts Options) *Postgres {
	if opts.User == "" {
		opts.User = DefaultUser
	}
	if opts.Database == "" {
		opts.Database = opts.User
	}
	opts.Extensions = slices.Clone(opts.Extensions)
	opts.Settings = maps.Clone(opts.Settings)
	return &Postgres{dag: dag, opts: opts}
}

// Service returns the database as a service. All that bind it in a session
// share one instance, which is ready when it answers a query.
//
// SQL of Options.Init that fails is an error of what needs the service, with
// psql's message, the file and the line. So is a server that does not start,
// with its last lines.
func (p *Postgres) Service(ctx context.Context) (*dagger.Service, error) {
	if err := p.opts.check(); err != nil {
		return nil, err
	}
	base, err := p.base(ctx)
	if err != nil {
		return nil, err
	}
	return p.server(p.initialized(base), p.password()), nil
}

var (
	settingName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	extensionName = regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]*$`)
)

// check reports options that contradict each other.
func (o Options) check() error {
	switch {
	case o.Image != "" && o.Base != nil:
		return errors.New("postgres: Image and Base both say what to run: set one")
	case (o.Image != "" || o.Base != nil) && o.Version != "":
		return errors.New("postgres: Image and Base have a version of their own: leave Version out")
	case (o.Image != "" || o.Base != nil) && len(o.Extensions) > 0:
		return errors.New("postgres: Extensions are Debian packages: with Image or Base, put them in there")
	}
	for name := range o.Settings {
		if !settingName.MatchString(name) {
			return fmt.Errorf("postgres: %q is not the name of a setting", name)
		}
	}
	for _, name := range o.Extensions {
		if !extensionName.MatchString(name) {
			return fmt.Errorf("postgres: %q is not the name of an extension's package", name)
		}
	}
	return nil
}
