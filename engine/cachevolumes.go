package engine

import (
	"context"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier"
)

// defaultSaveTimeout bounds saving unless CacheVolumes says otherwise.
const defaultSaveTimeout = 10 * time.Minute

// CacheVolumes says where cache volumes are kept beyond the engine.
type CacheVolumes struct {
	// Store is a folder (/path, ./path, ~/path, oci:path), or a repository of a
	// registry (HOST/REPOSITORY, with the user's logins and [registry] tables). A folder holds
	// an OCI image layout, and is made when it is first written to. Several programs may
	// share a store at once.
	Store string
	// MaxSize bounds the store in bytes: volumes that were not used for longest are
	// removed. 0 is no bound. A registry has rules of its own.
	MaxSize int64
	// SaveTimeout bounds how long the client's Close may take for saving. Default 10 min.
	SaveTimeout time.Duration
}

// WithCacheVolumes restores the cache volumes of the pipeline from a store: each
// when the first command that has it mounted is about to run, if it is empty. The
// client's Close saves what has changed. Whatever fails there is a warning
// in the log, and the pipeline goes on without. A Dagger engine does none of that.
func WithCacheVolumes(v CacheVolumes) Option { return func(c *config) { c.volumes = v } }

// CheckCacheVolumes says what is wrong with a CacheVolumes.Store.
func CheckCacheVolumes(store string) error { return volumes.Check(store) }

// options are those of the session.
func (v CacheVolumes) options(cfg config) (buildkit.VolumeOptions, error) {
	if v.Store == "" {
		return buildkit.VolumeOptions{}, nil
	}
	store, err := volumes.Open(v.Store, volumes.Options{MaxSize: v.MaxSize})
	if err != nil {
		return buildkit.VolumeOptions{}, err
	}
	if v.SaveTimeout <= 0 {
		v.SaveTimeout = defaultSaveTimeout
	}
	return buildkit.VolumeOptions{
		Store: store, Log: cfg.log, SaveTimeout: v.SaveTimeout,
		BuildCarrier: func(ctx context.Context, arch string) (string, error) { return carrier.Build(ctx, arch, cfg.log) },
	}, nil
}
