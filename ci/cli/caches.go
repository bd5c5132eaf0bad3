package cli

import (
	"errors"
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
	place   string // of both kinds
	volumes string
	size    string
	layers  engine.LayerCache
}

func (c *caches) register(f *pflag.FlagSet) {
	f.StringVar(&c.place, "cache", "", "keep cache volumes and results of steps in this `place` beyond the engine: a folder (/path, ./path), or HOST/REPOSITORY of a registry")
	f.StringVar(&c.volumes, "cache-volumes", "", "keep only cache volumes, in this `store`, which is such a place, too")
	f.StringVar(&c.size, "cache-volumes-size", "", "remove the volumes that were not used for longest where the store is larger than this `size`, such as 5GB (default: no limit)")
	f.StringArrayVar(&c.layers.From, "cache-from", nil, "take results of steps from this `place`, such as type=registry,ref=HOST/REPOSITORY:TAG; repeatable")
	f.StringArrayVar(&c.layers.To, "cache-to", nil, "keep results of steps in this `place`; repeatable")
}

// check says what is wrong with the flags.
func (c *caches) check() error {
	if c.place != "" {
		if c.volumes != "" || len(c.layers.From)+len(c.layers.To) > 0 {
			return errors.New("--cache stands for --cache-volumes, --cache-from and --cache-to: give it, or some of them")
		}
		if _, _, err := engine.CachesIn(c.place); err != nil {
			return fmt.Errorf("--cache: %w", err)
		}
	}
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
	if c.volumes == "" && c.place == "" {
		return fmt.Errorf("--cache-volumes-size %s: name the store with --cache or --cache-volumes", c.size)
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
	volumes, layers := engine.CacheVolumes{Store: c.volumes}, c.layers
	if c.place != "" {
		volumes, layers, _ = engine.CachesIn(c.place) // checked
	}
	volumes.MaxSize, volumes.SaveTimeout = size, saveTimeout
	return []engine.Option{engine.WithCacheVolumes(volumes), engine.WithLayerCache(layers)}
}

// saveTimeout is how much longer disconnecting may take.
func (c *caches) saveTimeout() time.Duration {
	if c.place == "" && c.volumes == "" && len(c.layers.To) == 0 {
		return 0
	}
	return 2 * saveTimeout
}
