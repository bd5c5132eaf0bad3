package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/charmbracelet/log"
	"github.com/moby/buildkit/client"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
)

// State is what Status tells of the embedded engine.
type State = embedded.State

// DiskUse is the disk use of one kind of cache record.
type DiskUse = embedded.DiskUse

// Status describes the embedded engine without starting it.
func Status(ctx context.Context) (*State, error) { return embedded.Status(ctx, "") }

// Logs writes the embedded engine's log to w. With follow it goes on until ctx
// ends, which is no error. Nothing is written where there is no log yet.
func Logs(ctx context.Context, w io.Writer, follow bool) error {
	return embedded.Logs(ctx, "", w, follow)
}

// Stop ends the embedded engine, whoever uses it. The cache stays. Stopping
// what does not run is no error.
func Stop(ctx context.Context) error { return embedded.Stop(ctx, "") }

// PruneOptions say what Prune keeps. The zero value removes whatever no run is
// using, except cache volumes, which take the longest to fill again.
type PruneOptions struct {
	// KeepDuration keeps what was used within this time.
	KeepDuration time.Duration
	// KeepStorage is how many bytes may stay, the most recently used first.
	KeepStorage int64
	// All removes cache volumes and BuildKit's own records too.
	All bool
	// Log receives what happens while the engine starts; nil: nothing is logged.
	Log *log.Logger
}

func (o PruneOptions) client() []client.PruneOption {
	opts := []client.PruneOption{client.WithKeepOpt(o.KeepDuration, 0, o.KeepStorage, 0)}
	if o.All {
		return append(opts, client.PruneAll)
	}
	return append(opts, client.WithFilter([]string{"type!=" + string(client.UsageRecordTypeCacheMount)}))
}

// Prune removes cache records from the embedded engine and returns what was
// removed, by kind, the largest first. It starts the engine where it has
// been set up but does not run, and removes nothing where there is none.
func Prune(ctx context.Context, opts PruneOptions) ([]DiskUse, error) {
	state, err := embedded.Status(ctx, "")
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(state.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	daemon, err := embedded.Start(ctx, embedded.Options{Log: opts.Log})
	if err != nil {
		return nil, err
	}
	defer func() { _ = daemon.Close() }()
	c, err := dial.BuildKit(ctx, daemon.Address())
	if err != nil {
		return nil, fmt.Errorf("connecting to the embedded engine: %w", err)
	}
	defer func() { _ = c.Close() }()
	return prune(ctx, c, opts.client())
}

func prune(ctx context.Context, c *client.Client, opts []client.PruneOption) ([]DiskUse, error) {
	before, err := c.DiskUsage(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the embedded engine for its disk use: %w", err)
	}
	types := map[string]client.UsageRecordType{} // what Prune reports has none
	for _, record := range before {
		types[record.ID] = record.RecordType
	}
	removed := make(chan client.UsageInfo)
	failed := make(chan error, 1)
	go func() {
		failed <- c.Prune(ctx, removed, opts...)
		close(removed)
	}()
	kinds := map[string]*DiskUse{}
	for record := range removed {
		kind := string(cmp.Or(types[record.ID], record.RecordType, client.UsageRecordTypeRegular))
		if kinds[kind] == nil {
			kinds[kind] = &DiskUse{Kind: kind}
		}
		kinds[kind].Records++
		kinds[kind].Bytes += record.Size
	}
	if err := <-failed; err != nil {
		return nil, fmt.Errorf("pruning the embedded engine's cache: %w", err)
	}
	var uses []DiskUse
	for _, use := range kinds {
		uses = append(uses, *use)
	}
	slices.SortFunc(uses, func(a, b DiskUse) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Kind, b.Kind))
	})
	return uses, nil
}
