package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/internal/secretname"
)

// defaultPassword is no secret. It is long enough not to stand in the output of
// programs by chance, where it would be taken out.
const defaultPassword = "bodkin-for-tests-only"

// Bind returns what binds the database to a container under alias (default
// DefaultAlias), for Container.With. The container's commands get:
//
//   - DATABASE_URL, a secret: postgres://user:password@alias:5432/database?sslmode=disable
//   - PGHOST, PGPORT, PGUSER, PGDATABASE and, as a secret, PGPASSWORD, which
//     psql and other programs of PostgreSQL read
//
// Secrets are no part of the cache key: what has run beside a database with
// another password is not run again.
func (p *Postgres) Bind(ctx context.Context, alias string) (dagger.WithContainerFunc, error) {
	alias = aliasOr(alias)
	service, err := p.Service(ctx)
	if err != nil {
		return nil, err
	}
	password := p.password()
	address, err := p.URL(ctx, alias)
	if err != nil {
		return nil, err
	}
	return func(ctr *dagger.Container) *dagger.Container {
		return ctr.
			WithServiceBinding(alias, service).
			WithEnvVariable("PGHOST", alias).
			WithEnvVariable("PGPORT", strconv.Itoa(Port)).
			WithEnvVariable("PGUSER", p.opts.User).
			WithEnvVariable("PGDATABASE", p.opts.Database).
			WithSecretVariable("PGPASSWORD", password).
			WithSecretVariable("DATABASE_URL", address)
	}, nil
}

// URL returns where a container that has the service bound under alias finds
// the database.
func (p *Postgres) URL(ctx context.Context, alias string) (*dagger.Secret, error) {
	alias = aliasOr(alias)
	password := defaultPassword
	if p.opts.Password != nil {
		var err error
		if password, err = p.opts.Password.Plaintext(ctx); err != nil {
			return nil, fmt.Errorf("postgres: reading the password: %w", err)
		}
	}
	address := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(p.opts.User, password),
		Host:     net.JoinHostPort(alias, strconv.Itoa(Port)),
		Path:     "/" + p.opts.Database,
		RawQuery: "sslmode=disable",
	}
	name, err := p.urlName(ctx, alias)
	if err != nil {
		return nil, err
	}
	return p.dag.SetSecret(name, address.String()), nil
}

// Client returns a container with psql, bound to the database:
//
//	client.WithExec([]string{"psql", "-c", "select count(*) from links"})
func (p *Postgres) Client(ctx context.Context) (*dagger.Container, error) {
	bind, err := p.Bind(ctx, "")
	if err != nil {
		return nil, err
	}
	base, err := p.base(ctx)
	if err != nil {
		return nil, err
	}
	return base.WithUser(account).With(bind), nil
}

func aliasOr(alias string) string {
	if alias == "" {
		return DefaultAlias
	}
	return alias
}

func (p *Postgres) password() *dagger.Secret {
	if p.opts.Password != nil {
		return p.opts.Password
	}
	return p.dag.SetSecret("bodkin-postgres-default-password", defaultPassword)
}

// urlName names the secret that URL makes. The name is part of what
// the engine caches, so it holds nothing of the password's value: two databases
// whose passwords differ need secrets of different names.
func (p *Postgres) urlName(ctx context.Context, alias string) (string, error) {
	from := ""
	if p.opts.Password != nil {
		var err error
		if from, err = secretname.Of(ctx, p.opts.Password); err != nil {
			return "", fmt.Errorf("postgres: %w", err)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{alias, p.opts.User, p.opts.Database, from}, "\x00")))
	return "bodkin-postgres-url-" + hex.EncodeToString(sum[:8]), nil
}
