package engine

import (
	"bytes"
	"encoding/csv"
	"path/filepath"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes"
)

// CachesIn says how both kinds of caches are kept in one place: a folder, or a
// repository of a registry, as in CacheVolumes.Store.
func CachesIn(place string) (CacheVolumes, LayerCache, error) {
	if err := volumes.Check(place); err != nil {
		return CacheVolumes{}, LayerCache{}, err
	}
	const layers = "layers"
	if volumes.IsRepository(place) {
		return CacheVolumes{Store: place}, LayerCache{From: []string{place + ":" + layers}, To: []string{place + ":" + layers}}, nil
	}
	dir, err := volumes.FolderOf(place)
	if err != nil {
		return CacheVolumes{}, LayerCache{}, err
	}
	from, to := filepath.Join(dir, layers), filepath.Join(dir, layers)
	return CacheVolumes{Store: filepath.Join(dir, "volumes")},
		LayerCache{From: []string{fields("type=local", "src="+from)}, To: []string{fields("type=local", "dest="+to)}}, nil
}

// fields is what BuildKit's tools read as fields, whatever is in them.
func fields(all ...string) string {
	var line bytes.Buffer
	w := csv.NewWriter(&line)
	_ = w.Write(all) // memory does not fail
	w.Flush()
	return strings.TrimSuffix(line.String(), "\n")
}
