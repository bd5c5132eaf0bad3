package debian

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"time"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	archive "github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/ociarchive"
)

const (
	// revision goes up when the same lock gives other files than before.
	revision = "1"
	// Files that were not used for so long are removed from the cache.
	keepUnused = 30 * 24 * time.Hour
)

// baseArchive returns the path of an image archive with the unpacked packages
// of a lock, from the cache if it is there.
func (d *Debian) baseArchive(ctx context.Context, lock *archive.Lock, platform ocispecs.Platform) (string, error) {
	kind, write := "", archive.WriteLayer
	if d.bare {
		kind, write = "-files", archive.WriteFiles
	}
	name := lock.Suite + "-" + lock.Arch + "-" + lock.Digest()[:16] + kind + "-" + revision + ".tar"
	return cached(ctx, "images", name, func(path string) error {
		src, err := d.source(lock.Arch)
		if err != nil {
			return err
		}
		return ociarchive.Write(ctx, path, ociarchive.Image{
			Platform: platform,
			Config: ocispecs.ImageConfig{
				Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
				Cmd: []string{"bash"},
			},
			Layer: func(ctx context.Context, w io.Writer) error {
				return write(ctx, src, lock, w)
			},
		})
	})
}

// cached returns the path of a file or folder in the cache, made by fill the
// first time. fill writes it at a path of its own; it is moved when complete.
func cached(ctx context.Context, kind, name string, fill func(path string) error) (string, error) {
	dir, err := cachedir.Ensure("debian", kind)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if used(path) {
		return path, nil
	}
	if _, err := cachedir.Once(ctx, path, fill); err != nil {
		return "", err
	}
	used(path)
	removeUnused(dir)
	return path, nil
}

// used says whether a path is in the cache, and marks it as in use.
func used(path string) bool {
	marker := path + ".used"
	if _, err := os.Lstat(path); err != nil {
		return false
	}
	// A marker beside it: the times of the file itself tell an engine whether
	// it has changed.
	if now := time.Now(); os.Chtimes(marker, now, now) != nil {
		_ = os.WriteFile(marker, nil, 0o600)
	}
	return true
}

// removeUnused is housekeeping: what cannot be removed stays.
func removeUnused(dir string) {
	markers, _ := filepath.Glob(filepath.Join(dir, "*.used"))
	for _, m := range markers {
		if info, err := os.Stat(m); err == nil && time.Since(info.ModTime()) > keepUnused {
			_ = os.RemoveAll(m[:len(m)-len(".used")])
			_ = os.Remove(m)
		}
	}
}
