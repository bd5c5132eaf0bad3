package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/moby/buildkit/client"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// State is what Status tells. Where Running is false, only Dir is set.
type State struct {
	Running bool
	// Dir is the state folder.
	Dir string
	// Address is where BuildKit's client finds the daemon.
	Address string
	// BuildKit is the daemon's release, such as "v0.33.1".
	BuildKit string
	// Supervisor and Buildkitd are process IDs.
	Supervisor, Buildkitd int
	// Since is when the daemon became ready.
	Since time.Time
	// Clients is how many processes use the daemon.
	Clients int
	// Idle is how long the daemon stays without one.
	Idle time.Duration
	// Bridge and Subnet are the network of the steps.
	Bridge, Subnet string
	// Disk is the use of the cache by kind, the largest first.
	Disk []DiskUse
}

// DiskUse is the disk use of one kind of cache record.
type DiskUse struct {
	// Kind is BuildKit's name for it, such as "regular", "exec.cachemount" or
	// "source.local".
	Kind    string
	Records int
	// Bytes is all, Reclaimable what pruning would free.
	Bytes, Reclaimable int64
}

// Status describes the daemon of a state folder ("" for the default one) without
// starting it and without taking a lease.
func Status(ctx context.Context, dir string) (*State, error) {
	dir, err := stateDir(dir)
	if err != nil {
		return nil, err
	}
	conn, reply, err := ask(ctx, dir, control.Request{Op: control.OpStatus})
	if errors.Is(err, errNotRunning) {
		return &State{Dir: dir}, nil
	}
	if err != nil {
		return nil, err
	}
	conn.Close()
	i := reply.Info
	s := &State{
		Running: true, Dir: dir, Address: address(dir), BuildKit: i.BuildKit,
		Supervisor: i.Supervisor, Buildkitd: i.Buildkitd, Since: i.Since,
		Clients: i.Clients, Idle: i.Idle, Bridge: i.Bridge, Subnet: i.Subnet,
	}
	s.Disk, err = diskUse(ctx, s.Address)
	return s, err
}

func diskUse(ctx context.Context, address string) ([]DiskUse, error) {
	c, err := dial.BuildKit(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("connecting to the embedded engine: %w", err)
	}
	defer c.Close()
	records, err := c.DiskUsage(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the embedded engine for its disk use: %w", err)
	}
	kinds := map[client.UsageRecordType]*DiskUse{}
	for _, r := range records {
		k := kinds[r.RecordType]
		if k == nil {
			k = &DiskUse{Kind: string(r.RecordType)}
			kinds[r.RecordType] = k
		}
		k.Records++
		k.Bytes += r.Size
		if !r.InUse {
			k.Reclaimable += r.Size
		}
	}
	var uses []DiskUse
	for _, k := range kinds {
		uses = append(uses, *k)
	}
	slices.SortFunc(uses, func(a, b DiskUse) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Kind, b.Kind))
	})
	return uses, nil
}
