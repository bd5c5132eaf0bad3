package engine

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/cmd/buildctl/build"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// LayerCache says where results of steps are kept beyond the engine. Each place is
// one of BuildKit's cache backends: "type=registry,ref=HOST/REPOSITORY:TAG",
// "type=local,src=FOLDER" (dest= in To), "type=gha", "type=s3,region=…,bucket=…". A
// reference alone is one of a registry.
type LayerCache struct {
	// From is read when a step is about to run.
	From []string
	// To is written by the client's Close: all that the pipeline has evaluated, with
	// mode=max unless it says otherwise.
	To []string
}

// WithLayerCache takes results of steps from elsewhere and keeps them there. What
// cannot be reached is a warning, and the pipeline goes on without. A Dagger engine does
// none of that.
func WithLayerCache(l LayerCache) Option { return func(c *config) { c.layers = l } }

// CheckLayerCache says what is wrong with a LayerCache.
func CheckLayerCache(l LayerCache) error {
	_, err := l.options(config{})
	return err
}

func (l LayerCache) options(cfg config) (buildkit.LayerCache, error) {
	o := buildkit.LayerCache{Log: cfg.log, SaveTimeout: defaultSaveTimeout}
	var err error
	if o.From, err = build.ParseImportCache(typed(l.From)); err != nil {
		return o, fmt.Errorf("reading where layer caches come from: %w", err)
	}
	if o.To, err = build.ParseExportCache(typed(l.To)); err != nil {
		return o, fmt.Errorf("reading where layer caches go to: %w", err)
	}
	for _, to := range o.To {
		if to.Attrs["mode"] == "" {
			to.Attrs["mode"] = "max"
		}
	}
	return o, nil
}

// typed makes a reference alone one of a registry.
func typed(places []string) []string {
	all := make([]string, len(places))
	for i, place := range places {
		if all[i] = place; !strings.Contains(place, "type=") {
			all[i] = "type=registry,ref=" + place
		}
	}
	return all
}
