package cli

import (
	"fmt"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/engine"
)

// saveTimeout bounds how long caches may take to be saved after the steps.
const saveTimeout = 10 * time.Minute

// caches are the flags for what outlives the engine.
type caches struct {
	volumes string
	size    string
	layers  engine.LayerCache
}

func (c *caches) register(f *pflag.FlagSet) {
	f.StringVar(&c.volumes, "cache-volumes", "", "keep cache volumes in this `store` beyond the engine: a folder (/path, ./path), or HOST/REPOSITORY of a registry")
	f.StringVar(&c.size, "cache-volumes-size", "", "remove the volumes that were not used for longest where the store is larger than this `size`, such as 5GB (default: no limit)")
	f.StringArrayVar(&c.layers.From, "cache-from", nil, "take results of steps from this `place`, such as type=registry,ref=HOST/REPOSITORY:TAG; repeatable")
	f.StringArrayVar(&c.layers.To, "cache-to", nil, "keep results of steps in this `place`; repeatable")
}

// check says what is wrong with the flags.
func (c *caches) check() error {
	if c.volumes != "" {
		if err := engine.CheckCacheVolumes(c.volumes); err != nil {
			return fmt.Errorf("--cache-volumes: %w", err)
		}
	}
	if err := engine.CheckLayerCache(c.layers); err != nil {
		return fmt.Errorf("--cache-from, --cache-to: %w", err)
	}
	if c.size == "" {
		return nil
	}
	if c.volumes == "" {
		return fmt.Errorf("--cache-volumes-size %s: name the store with --cache-volumes", c.size)
	}
	if _, err := units.FromHumanSize(c.size); err != nil {
		return fmt.Errorf("--cache-volumes-size: %w", err)
	}
	return nil
}

// options hand the flags to the engine.
func (c *caches) options() []engine.Option {
	var size int64
	if c.size != "" {
		size, _ = units.FromHumanSize(c.size) // checked
	}
	return []engine.Option{
		engine.WithCacheVolumes(engine.CacheVolumes{Store: c.volumes, MaxSize: size, SaveTimeout: saveTimeout}),
		engine.WithLayerCache(c.layers),
	}
}

// saveTimeout is how much longer disconnecting may take.
func (c *caches) saveTimeout() time.Duration {
	if c.volumes == "" && len(c.layers.To) == 0 {
		return 0
	}
	return 2 * saveTimeout
}
