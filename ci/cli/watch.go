package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/bodkin-ci/bodkin/ci/internal/watch"
)

// errChanged is the cause of a round's end that a change of the source brought.
var errChanged = errors.New("the source has changed")

// again calls once, and calls it again whenever a source file changes, until ctx
// ends. A round that is under way is stopped: its result would be of no use.
// Each round has a session of its own, because a session sees the files of the
// host as they were when it first read them. Without an engine it gives up.
func (p *plan) again(ctx context.Context, once func(context.Context) error) error {
	watcher, err := watch.New(p.sources())
	if err != nil {
		return err
	}
	defer func() { _ = watcher.Close() }()
	log := newLogger(os.Stderr, p.mode)
	for {
		changes := nextChange(ctx, watcher)
		found, err := p.round(ctx, once, changes)
		switch {
		case found != nil:
		case context.Cause(ctx) != nil:
			return context.Cause(ctx)
		case errors.Is(err, errNoEngine):
			return err
		default:
			log.Info("waiting for changes; Ctrl-C ends")
			c := <-changes
			found = &c
		}
		if found.err != nil {
			return found.err
		}
		log.Info("changed: " + some(found.paths))
	}
}

// round calls once. A change that comes before its end stops it and is returned.
func (p *plan) round(ctx context.Context, once func(context.Context) error, changes <-chan change) (*change, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan error, 1)
	go func() { ended <- once(ctx) }()
	select {
	case err := <-ended:
		return nil, err
	case c := <-changes:
		stop(errChanged)
		return &c, <-ended
	}
}

// change is what a watcher found.
type change struct {
	paths []string
	err   error
}

func nextChange(ctx context.Context, watcher *watch.Watcher) <-chan change {
	changes := make(chan change, 1)
	go func() {
		paths, err := watcher.Next(ctx)
		changes <- change{paths, err}
	}()
	return changes
}

// sources are the folders that the plan's steps read.
func (p *plan) sources() []watch.Folder {
	var folders []watch.Folder
	for _, app := range p.apps {
		folders = append(folders, watch.Folder{Dir: app.Dir, Exclude: notSource(app, p.outside()...)})
	}
	return folders
}

// some names the first of the paths.
func some(paths []string) string {
	const named = 3
	var names []string
	for _, path := range paths[:min(named, len(paths))] {
		names = append(names, shortPath(path))
	}
	text := strings.Join(names, ", ")
	if more := len(paths) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
