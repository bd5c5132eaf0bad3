// Package cachedir locates Bodkin's cache folder and guards what several
// processes share in it. Start with Path.
package cachedir

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// EnvVar names the environment variable that moves the cache folder.
const EnvVar = "BODKIN_CACHE_DIR"

// Path returns a path inside the cache folder, without creating it. The folder
// is $BODKIN_CACHE_DIR, else bodkin/ in the user's cache folder
// (os.UserCacheDir: $XDG_CACHE_HOME or ~/.cache on Linux). It errs where
// neither is known, or where $BODKIN_CACHE_DIR is not absolute.
func Path(elem ...string) (string, error) {
	root := os.Getenv(EnvVar)
	if root == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("locating the cache folder: %w (set %s)", err, EnvVar)
		}
		root = filepath.Join(base, "bodkin")
	}
	if !filepath.IsAbs(root) {
		return "", fmt.Errorf("%s must be an absolute path, not %q", EnvVar, root)
	}
	return filepath.Join(append([]string{root}, elem...)...), nil
}

// Ensure returns Path(elem...) after creating it as a folder (mode 0700).
func Ensure(elem ...string) (string, error) {
	dir, err := Path(elem...)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("creating the cache folder: %w", err)
	}
	return dir, nil
}

// lockPoll is how often a lock that another process holds is tried again.
const lockPoll = 50 * time.Millisecond

// Lock takes the exclusive lock file at path, waiting until it is free or ctx
// ends, and returns the function that gives it back. The kernel frees the lock
// when its holder dies. The lock file itself stays.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("creating the folder of lock %s: %w", path, err)
	}
	l := flock.New(path)
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("waiting for lock %s: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}
