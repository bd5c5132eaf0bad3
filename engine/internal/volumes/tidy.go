package volumes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Tidy implements Store. Blobs that nothing refers to go as well, once they are
// older than an hour.
func (f *Folder) Tidy(ctx context.Context) (removed []string, err error) {
	err = f.change(ctx, func(index *ocispecs.Index) error {
		blobs := f.blobsOf(ctx, index)
		if f.limit > 0 {
			removed = f.evict(index, blobs)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Only now, when nothing leads to them any more.
	return removed, f.change(ctx, func(index *ocispecs.Index) error { return f.collect(ctx, index) })
}

// blobsOf lists what each manifest needs, itself included.
func (f *Folder) blobsOf(ctx context.Context, index *ocispecs.Index) []map[digest.Digest]int64 {
	all := make([]map[digest.Digest]int64, len(index.Manifests))
	for i, desc := range index.Manifests {
		all[i] = map[digest.Digest]int64{desc.Digest: desc.Size}
		data, err := f.Blob(ctx, desc)
		if err != nil {
			continue
		}
		s, err := snapshotOf(data)
		if err != nil {
			continue
		}
		for _, d := range append([]ocispecs.Descriptor{s.Index}, s.Packs...) {
			all[i][d.Digest] = d.Size
		}
	}
	return all
}

// evict takes the manifests that were not used for longest out of the index, until
// the others are within the limit.
func (f *Folder) evict(index *ocispecs.Index, blobs []map[digest.Digest]int64) (removed []string) {
	order := make([]int, len(index.Manifests))
	for i := range order {
		order[i] = i
	}
	used := func(i int) string { return index.Manifests[i].Annotations[annotatedUsed] }
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(used(b), used(a)) })
	kept, have, size := []ocispecs.Descriptor{}, map[digest.Digest]bool{}, int64(0)
	for _, i := range order {
		more := int64(0)
		for d, n := range blobs[i] {
			if !have[d] {
				more += n
			}
		}
		if size+more > f.limit {
			removed = append(removed, index.Manifests[i].Annotations[ocispecs.AnnotationRefName])
			continue
		}
		size += more
		for d := range blobs[i] {
			have[d] = true
		}
		kept = append(kept, index.Manifests[i])
	}
	index.Manifests = kept
	return removed
}

// collect removes blobs that nothing refers to, unless somebody else's images are
// in the folder, too.
func (f *Folder) collect(ctx context.Context, index *ocispecs.Index) error {
	needed := map[string]bool{}
	for i, blobs := range f.blobsOf(ctx, index) {
		if index.Manifests[i].ArtifactType != ArtifactType {
			return nil
		}
		for d := range blobs {
			needed[f.path(d)] = true
		}
	}
	dir := filepath.Join(f.dir, ocispecs.ImageBlobsDir, digest.SHA256.String())
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := e.Info()
		if err != nil || needed[path] || time.Since(info.ModTime()) < f.grace {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
