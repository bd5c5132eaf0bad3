package debian

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

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

// keepUnused is how long a cached file is kept that nobody asks for.
const keepUnused = 30 * 24 * time.Hour

// markUsed sets the time of a cached file, which tells when it was used last.
func markUsed(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

// swept holds the folders that removeUnused has looked at.
var swept sync.Map

// removeUnused is housekeeping beside a file that was just written, once per
// process: what cannot be removed stays.
func removeUnused(path string) {
	dir := filepath.Dir(path)
	if _, done := swept.LoadOrStore(dir, true); done {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > keepUnused {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
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
