package cachedir

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Once returns path, a file or folder below the cache folder. Where it is missing,
// fill writes it: at a path of its own, which is moved when fill has succeeded.
// Processes that ask at the same time wait for the one that fills it.
func Once(ctx context.Context, path string, fill func(work string) error) (string, error) {
	if _, err := os.Lstat(path); err == nil {
		return path, nil
	}
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	unlock, err := Lock(ctx, hidden+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Lstat(path); err == nil {
		return path, nil
	}
	dir := hidden + ".tmp"
	if err := os.RemoveAll(dir); err != nil { // of a process that was killed
		return "", fmt.Errorf("clearing the cache: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("writing to the cache: %w", err)
	}
	work := filepath.Join(dir, filepath.Base(path))
	if err := fill(work); err != nil {
		return "", err
	}
	if err := os.Rename(work, path); err != nil {
		return "", fmt.Errorf("writing to the cache: %w", err)
	}
	return path, nil
}
