package debian

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// cachePath returns the path of a file in the source's cache, after creating
// its folder.
func (s Source) cachePath(kind, name string) (string, error) {
	dir := s.CacheDir
	if dir == "" {
		var err error
		if dir, err = cachedir.Path("debian"); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, kind, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("creating the package cache: %w", err)
	}
	return path, nil
}

// writeFile makes path hold what fill writes, at once or not at all.
func writeFile(path string, mode os.FileMode, fill func(*os.File) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if err := fill(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(mode); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
