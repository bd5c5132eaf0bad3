package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// fileState is what tells a changed file from an unchanged one. Of folders only
// the mode counts: what they hold has states of its own.
type fileState struct {
	mode     fs.FileMode
	size     int64
	modified time.Time
}

// look asks for the events of all folders and returns the state of all files.
func (w *Watcher) look() (snapshot, error) {
	found := snapshot{}
	for _, folder := range w.folders {
		if _, err := os.Stat(folder.Dir); err != nil {
			return nil, fmt.Errorf("watching for changes: %w", err)
		}
		if err := w.lookInto(folder, nil, nil, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// lookInto looks into the folder at path within top. Files that vanish
// meanwhile are as good as never there.
func (w *Watcher) lookInto(top Folder, path []string, ignored []gitignore.Pattern, found snapshot) error {
	dir := filepath.Join(top.Dir, filepath.Join(path...))
	// First of all, so that what happens after looking is told.
	if err := w.events.Add(dir); err != nil {
		return watchError(dir, err)
	}
	patterns, err := ignorePatterns(dir, path)
	if err != nil {
		return fmt.Errorf("watching for changes: %w", err)
	}
	ignored = append(slices.Clip(ignored), patterns...)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("watching for changes: %w", err)
	}
	matcher := gitignore.NewMatcher(ignored)
	for _, entry := range entries {
		below := append(slices.Clip(path), entry.Name())
		if matcher.Match(below, entry.IsDir()) || slices.Contains(top.Exclude, strings.Join(below, "/")) {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue
		}
		state := fileState{mode: info.Mode()}
		if !entry.IsDir() {
			state.size, state.modified = info.Size(), info.ModTime()
		}
		found[filepath.Join(dir, entry.Name())] = state
		if entry.IsDir() {
			if err := w.lookInto(top, below, ignored, found); err != nil {
				return err
			}
		}
	}
	return nil
}

func watchError(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("watching %s: the system watches no more folders for this user: raise fs.inotify.max_user_watches (sysctl)", dir)
	}
	return fmt.Errorf("watching %s: %w", dir, err)
}

// ignorePatterns reads the .gitignore of the folder at path, which is dir.
func ignorePatterns(dir string, path []string) ([]gitignore.Pattern, error) {
	content, err := os.ReadFile(filepath.Join(dir, ".gitignore"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var patterns []gitignore.Pattern
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, gitignore.ParsePattern(line, path))
		}
	}
	return patterns, nil
}
