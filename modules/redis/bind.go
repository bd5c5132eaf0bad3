package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/internal/secretname"
)

// Bind returns what binds the server to a container under alias (default
// DefaultAlias), for Container.With. The container's commands get REDIS_URL, a
// secret: redis://:password@alias:6379/0, without ":password@" where there is
// none. With a password, redis-cli gets it as REDISCLI_AUTH.
func (r *Redis) Bind(ctx context.Context, alias string) (dagger.WithContainerFunc, error) {
	alias = aliasOr(alias)
	service, err := r.Service(ctx)
	if err != nil {
		return nil, err
	}
	address, err := r.URL(ctx, alias)
	if err != nil {
		return nil, err
	}
	return func(ctr *dagger.Container) *dagger.Container {
		ctr = ctr.WithServiceBinding(alias, service).WithSecretVariable("REDIS_URL", address)
		if r.opts.Password != nil {
			ctr = ctr.WithSecretVariable("REDISCLI_AUTH", r.opts.Password)
		}
		return ctr
	}, nil
}

// URL returns where a container that has the service bound under alias finds
// the server.
func (r *Redis) URL(ctx context.Context, alias string) (*dagger.Secret, error) {
	alias = aliasOr(alias)
	address := url.URL{Scheme: "redis", Host: net.JoinHostPort(alias, strconv.Itoa(Port)), Path: "/0"}
	from := ""
	if r.opts.Password != nil {
		password, err := r.opts.Password.Plaintext(ctx)
		if err != nil {
			return nil, fmt.Errorf("redis: reading the password: %w", err)
		}
		address.User = url.UserPassword("", password)
		if from, err = secretname.Of(ctx, r.opts.Password); err != nil {
			return nil, fmt.Errorf("redis: %w", err)
		}
	}
	sum := sha256.Sum256([]byte(alias + "\x00" + from))
	return r.dag.SetSecret("bodkin-redis-url-"+hex.EncodeToString(sum[:8]), address.String()), nil
}

// Client returns a container with redis-cli, or valkey-cli, bound to the server
// as DefaultAlias:
//
//	client.WithExec([]string{"redis-cli", "-h", redis.DefaultAlias, "get", "hits"})
func (r *Redis) Client(ctx context.Context) (*dagger.Container, error) {
	bind, err := r.Bind(ctx, "")
	if err != nil {
		return nil, err
	}
	base, err := r.base(ctx)
	if err != nil {
		return nil, err
	}
	return base.With(bind), nil
}

func aliasOr(alias string) string {
	if alias == "" {
		return DefaultAlias
	}
	return alias
}
