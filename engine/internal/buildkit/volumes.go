package buildkit

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/log"
	"github.com/docker/go-units"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	cachevolumes "github.com/bodkin-ci/bodkin/engine/internal/volumes"
	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// VolumePrefix begins the IDs of the cache volumes that pipelines name.
const VolumePrefix = "bodkin:"

// VolumeOptions say where cache volumes are kept beyond the daemon.
type VolumeOptions struct {
	// Store keeps them; nil: they do not travel.
	Store cachevolumes.Store
	// BuildCarrier returns the path of the carrier for a Linux architecture.
	BuildCarrier func(ctx context.Context, arch string) (path string, err error)
	// Log is told what is moved. Nothing here stops a pipeline: what fails is a warning.
	Log *log.Logger
	// SaveTimeout bounds how long saving may take when the session ends.
	SaveTimeout time.Duration
}

// volume is a cache volume of the daemon that travels.
type volume struct {
	id       string
	sharing  pb.CacheSharingOpt
	first    *pb.Definition // what it holds at first, or nil
	selector string
	name     string // in the store

	restored sync.Once
	found    bool // restored from the store
	used     bool // an exec has had it mounted
}

// travelling are the volumes of a session.
type travelling struct {
	session *Session

	mu     sync.Mutex
	byName map[string]*volume
	byExec map[string][]*volume // by the names of execs, see NamedShimMounts
}

// meet takes note of the volumes that execs of def have mounted. Those that the
// daemon shares are restored when such an exec is about to run; others are locked
// by then, so they are restored now.
func (t *travelling) meet(ctx context.Context, def *llb.Definition) error {
	if t.session.options.Volumes.Store == nil {
		return nil
	}
	for _, op := range ops(def.Def) {
		if op.GetExec() == nil {
			continue
		}
		met, err := t.mounted(def, op)
		if err != nil {
			return err
		}
		name := nameOf(op.GetExec())
		t.note(name, met)
		urgent := slices.DeleteFunc(slices.Clone(met), func(v *volume) bool { return name != "" && v.sharing == pb.CacheSharingOpt_SHARED })
		if err := t.ready(ctx, urgent); err != nil {
			return err
		}
	}
	return nil
}

// mounted lists the volumes that an exec of def has mounted.
func (t *travelling) mounted(def *llb.Definition, op *pb.Op) (met []*volume, err error) {
	if t.session.options.Volumes.Store == nil {
		return nil, nil
	}
	for _, m := range op.GetExec().GetMounts() {
		v, err := t.volume(def, op, m)
		if err != nil {
			return nil, err
		}
		if v != nil {
			met = append(met, v)
		}
	}
	return met, nil
}

func (t *travelling) note(exec string, met []*volume) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range met {
		if !slices.Contains(t.byExec[exec], v) {
			t.byExec[exec] = append(t.byExec[exec], v)
		}
	}
}

// volume returns the volume that is mounted, nil if it is none that travels.
func (t *travelling) volume(def *llb.Definition, op *pb.Op, m *pb.Mount) (*volume, error) {
	if m.MountType != pb.MountType_CACHE || !strings.HasPrefix(m.CacheOpt.GetID(), VolumePrefix) {
		return nil, nil
	}
	v := &volume{id: m.CacheOpt.ID, sharing: m.CacheOpt.Sharing, selector: m.Selector}
	first := ""
	if m.Input >= 0 {
		var err error
		if v.first, err = resultOf(def.ToPB(), op.Inputs[m.Input]); err != nil {
			return nil, err
		}
		stable, err := t.session.stableInput(def, op.Inputs[m.Input])
		if err != nil {
			return nil, err
		}
		first = stable + m.Selector
	}
	v.name = volumeName(v.id, first)
	t.mu.Lock()
	defer t.mu.Unlock()
	if known := t.byName[v.name]; known != nil {
		return known, nil
	}
	t.byName[v.name] = v
	return v, nil
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// volumeName is a volume's name in a store, which is good as a tag, too.
func volumeName(id, first string) string {
	const readable, unique = 60, 16
	text := strings.Trim(notInNames.ReplaceAllString(strings.TrimPrefix(id, VolumePrefix), "-"), "-")
	return strings.Trim(text[:min(len(text), readable)]+"-"+digest.FromString(id + "\x00" + first).Encoded()[:unique], "-")
}

// running is called when an exec is about to run.
func (t *travelling) running(ctx context.Context, exec string) {
	t.mu.Lock()
	met := t.byExec[exec]
	t.mu.Unlock()
	_ = t.ready(ctx, met)
}

// ready restores volumes, each once in a session.
func (t *travelling) ready(ctx context.Context, volumes []*volume) error {
	var group errgroup.Group
	for _, v := range volumes {
		group.Go(func() error {
			v.restored.Do(func() { t.restore(ctx, v) })
			t.mu.Lock()
			v.used = true
			t.mu.Unlock()
			return ctx.Err()
		})
	}
	return group.Wait()
}

func (t *travelling) carrier(v *volume) cachevolumes.Carrier {
	return func(ctx context.Context, do func(context.Context, *wire.Writer, *wire.Reader) error) error {
		return t.session.carry(ctx, v, do)
	}
}

func (t *travelling) restore(ctx context.Context, v *volume) {
	o, start := t.session.options.Volumes, time.Now()
	// The next exec needs the volume, too, if the one that waits for it is cancelled.
	ctx = context.WithoutCancel(ctx)
	result, err := cachevolumes.Restore(ctx, o.Store, v.travels(), t.carrier(v))
	switch {
	case errors.Is(err, cachevolumes.ErrNotStored):
		o.Log.Debug("cache volume is not stored yet", "volume", v.title(), "in", o.Store)
		return
	case err != nil:
		o.Log.Warn("cache volume was not restored: going on without", "volume", v.title(), "from", o.Store, "err", err)
		return
	}
	t.mu.Lock()
	v.found = true
	t.mu.Unlock()
	if result.Done {
		o.Log.Info("restored cache volume", "volume", v.title(), "files", result.Files, "moved", units.HumanSize(float64(result.Moved)), "took", took(start))
	}
}

func took(start time.Time) time.Duration { return time.Since(start).Round(time.Millisecond) }

func (v *volume) title() string { return strings.TrimPrefix(v.id, VolumePrefix) }

func (v *volume) travels() cachevolumes.Volume {
	return cachevolumes.Volume{Name: v.name, First: v.first != nil}
}

// parallelSaves is how many volumes are saved at once. Each uses all processors.
const parallelSaves = 2

// save stores the volumes that execs have had, as far as they have changed.
func (t *travelling) save() {
	o := t.session.options.Volumes
	t.mu.Lock()
	var used []*volume
	var found []string
	for _, v := range t.byName {
		if v.used {
			used = append(used, v)
		}
		if v.found {
			found = append(found, v.name)
		}
	}
	t.mu.Unlock()
	if len(used) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.SaveTimeout)
	defer cancel()
	var group errgroup.Group
	group.SetLimit(parallelSaves)
	for _, v := range used {
		group.Go(func() error {
			t.saveOne(ctx, v)
			return nil
		})
	}
	_ = group.Wait()
	if err := o.Store.Used(ctx, found); err != nil {
		o.Log.Warn("noting which cache volumes were used", "in", o.Store, "err", err)
	}
	removed, err := o.Store.Tidy(ctx)
	if err != nil {
		o.Log.Warn("removing old cache volumes", "in", o.Store, "err", err)
	}
	if len(removed) > 0 {
		o.Log.Info("removed cache volumes that were not used for longest", "in", o.Store, "volumes", removed)
	}
}

func (t *travelling) saveOne(ctx context.Context, v *volume) {
	o, start := t.session.options.Volumes, time.Now()
	result, err := cachevolumes.Save(ctx, o.Store, v.travels(), t.carrier(v))
	switch {
	case err != nil:
		o.Log.Warn("cache volume was not saved: what was stored of it before stays", "volume", v.title(), "to", o.Store, "err", err)
	case !result.Done:
		o.Log.Debug("cache volume has not changed", "volume", v.title(), "took", took(start))
	default:
		o.Log.Info("saved cache volume", "volume", v.title(), "files", result.Files, "size", units.HumanSize(float64(result.Bytes)),
			"moved", units.HumanSize(float64(result.Moved)), "took", took(start))
	}
	if result.Skipped > 0 {
		o.Log.Debug("sockets and devices were left out", "volume", v.title(), "count", result.Skipped)
	}
}
