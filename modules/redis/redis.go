// Package redis runs Redis, or Valkey, beside the steps of a pipeline, set up
// for tests: nothing is written to a disk. Start with New, and bind the server
// to what needs it:
//
//	bind, err := redis.New(dag, redis.Options{}).Bind(ctx, "cache")
//	...
//	ctr = ctr.With(bind) // REDIS_URL
//
// The server comes from Debian packages that are pinned to the byte, so no
// registry is needed; Options.Image and Options.Base take another one.
package redis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"

	"dagger.io/dagger"
)

// Port is where the service listens.
const Port = 6379

// DefaultAlias is the name that the server is bound under.
const DefaultAlias = "redis"

// Options describe a server. The zero value is the recommended set-up for tests.
type Options struct {
	// Valkey takes Debian's Valkey instead of Redis.
	Valkey bool
	// Image is an image such as "redis:8" or "valkey/valkey:8", to use instead of
	// Debian's packages.
	Image string
	// Base is a container to use instead, with redis-server and redis-cli, or
	// valkey-server and valkey-cli, and a shell.
	Base *dagger.Container

	// Password is what clients have to say. Default: none.
	Password *dagger.Secret
	// Settings are the server's own, such as "maxmemory", put over TestSettings.
	Settings map[string]string
	// Volume keeps the data from one run to the next. Only one service at a time
	// can use it, and TestSettings do not hold. Default: the data goes with the
	// service.
	Volume *dagger.CacheVolume
}

// TestSettings hold where Options.Settings do not say otherwise: nothing is
// written to a disk.
func TestSettings() map[string]string {
	return map[string]string{"save": "", "appendonly": "no"}
}

// Redis describes one server. Its methods may be called at the same time.
type Redis struct {
	dag  *dagger.Client
	opts Options
}

// New returns the server that opts describe. Nothing happens yet: options that
// contradict each other are an error of the first method that needs them.
func New(dag *dagger.Client, opts Options) *Redis {
	opts.Settings = maps.Clone(opts.Settings)
	return &Redis{dag: dag, opts: opts}
}

// Service returns the server as a service. All that bind it in a session share
// one instance, which is ready when it answers PING. A server that does not
// start is an error of what needs it, with the server's last lines.
func (r *Redis) Service(ctx context.Context) (*dagger.Service, error) {
	base, err := r.base(ctx)
	if err != nil {
		return nil, err
	}
	return r.server(base), nil
}

var settingName = regexp.MustCompile(`^[a-z][a-z0-9_.-]*$`)

// check reports options that contradict each other.
func (o Options) check() error {
	switch {
	case o.Image != "" && o.Base != nil:
		return errors.New("redis: Image and Base both say what to run: set one")
	case o.Valkey && (o.Image != "" || o.Base != nil):
		return errors.New("redis: Valkey chooses a Debian package: with Image or Base, leave it out")
	}
	for name := range o.Settings {
		if !settingName.MatchString(name) {
			return fmt.Errorf("redis: %q is not the name of a setting", name)
		}
	}
	return nil
}
