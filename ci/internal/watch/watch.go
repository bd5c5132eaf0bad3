// Package watch tells when the source of applications changes. Start with New,
// then call Next again and again.
package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Editors and version control write in bursts: changes are told once nothing
// has happened for quiet, or after patience at the latest.
const (
	quiet    = 100 * time.Millisecond
	patience = 2 * time.Second
)

// Folder is a folder to watch, with all folders below it.
type Folder struct {
	Dir string // absolute
	// Exclude are paths below Dir, with slashes, that do not matter. Neither does
	// what the .gitignore files of the folder name.
	Exclude []string
}

// Watcher knows what its folders held when it last looked.
type Watcher struct {
	folders []Folder
	events  *fsnotify.Watcher
	known   snapshot
}

// New looks at the folders. What changes from now on, Next tells.
func New(folders []Folder) (*Watcher, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching for changes: %w", err)
	}
	w := &Watcher{folders: folders, events: events}
	if w.known, err = w.look(); err != nil {
		return nil, errors.Join(err, events.Close())
	}
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() error { return w.events.Close() }

// Next waits until files are not as they were when Next last returned, and
// returns their absolute paths, sorted. Nothing that happens between two calls is
// lost; files that come and go in between are not told of. Errors: the cause of
// ctx, and that a folder cannot be watched any more.
//
// What the system reports is only the occasion to look: so it does not matter
// what it says of renamed folders, or that it has too much to say.
func (w *Watcher) Next(ctx context.Context) ([]string, error) {
	for {
		if err := w.wait(ctx); err != nil {
			return nil, err
		}
		now, err := w.look()
		if err != nil {
			return nil, err
		}
		changed := w.known.differences(now)
		w.known = now
		if len(changed) > 0 {
			return changed, nil
		}
	}
}

// wait returns when something has happened, and then nothing more.
func (w *Watcher) wait(ctx context.Context) error {
	var still, late <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case _, open := <-w.events.Events:
			if !open {
				return fsnotify.ErrClosed
			}
		case <-w.events.Errors: //nolint:errcheck // that events were lost is an event, too
		case <-still:
			return nil
		case <-late:
			return nil
		}
		still = time.After(quiet)
		if late == nil {
			late = time.After(patience)
		}
	}
}

// snapshot is the state of files by their paths.
type snapshot map[string]fileState

func (s snapshot) differences(now snapshot) []string {
	changed := map[string]bool{}
	for path, state := range now {
		if before, was := s[path]; !was || before != state {
			changed[path] = true
		}
	}
	for path := range s {
		if _, is := now[path]; !is {
			changed[path] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}
