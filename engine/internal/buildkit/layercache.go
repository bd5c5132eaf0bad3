package buildkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/log"
	"github.com/containerd/containerd/v2/core/content"
	contentlocal "github.com/containerd/containerd/v2/plugins/content/local"
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/ociindex"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// LayerCache says where results of steps come from and go to beyond the daemon,
// in the terms of BuildKit's cache backends.
type LayerCache struct {
	From, To []client.CacheOptionsEntry
	// Log is told what fails: it is a warning.
	Log *log.Logger
	// SaveTimeout bounds how long exporting may take when the session ends.
	SaveTimeout time.Duration
}

// localCache is the backend that lies in a folder of this machine.
const localCache = "local"

// layers are the steps of a session that are kept beyond the daemon. Each evaluation
// is a build of its own, and a build's cache export replaces what was there: so all are
// exported together, when the session ends.
type layers struct {
	session *Session
	imports []gateway.CacheOptionsEntry

	mu   sync.Mutex
	done map[digest.Digest]*pb.Definition
}

func newLayers(s *Session) *layers {
	l := &layers{session: s, done: map[digest.Digest]*pb.Definition{}}
	for _, entry := range s.options.Layers.From {
		if entry.Type == localCache {
			store, attrs, err := openLocalCache(entry)
			if errors.Is(err, fs.ErrNotExist) {
				s.options.Layers.Log.Info("layer cache is not read: nothing is there yet", "from", entry.Attrs["src"])
				continue
			}
			if err != nil {
				s.options.Layers.Log.Warn("layer cache is not read: going on without", "from", entry.Attrs["src"], "err", clean(err))
				continue
			}
			s.Stores.offer(localCache+":"+entry.Attrs["src"], store)
			entry.Attrs = attrs
		}
		l.imports = append(l.imports, gateway.CacheOptionsEntry{Type: entry.Type, Attrs: entry.Attrs})
	}
	return l
}

// openLocalCache finds what lies in a folder of this machine.
func openLocalCache(entry client.CacheOptionsEntry) (content.Store, map[string]string, error) {
	dir, tag := entry.Attrs["src"], entry.Attrs["tag"]
	if tag == "" {
		tag = "latest"
	}
	desc, err := ociindex.NewStoreIndex(dir).Get(tag)
	if err != nil {
		return nil, nil, err
	}
	if desc == nil {
		return nil, nil, fmt.Errorf("nothing is tagged %s there", tag)
	}
	store, err := contentlocal.NewStore(dir)
	return store, map[string]string{"src": dir, "digest": desc.Digest.String()}, err
}

// evaluated has def, which the daemon has just evaluated, exported at the end. The
// daemon works it out once more, at no cost, in a build that lasts as long as the
// session: so it still knows all of a step's cache keys when it exports. A build
// that begins later may find what follows a host folder by the name of the
// session's folder alone, which is nothing to look for elsewhere, and BuildKit
// would leave out that step, and all that follow it.
func (l *layers) evaluated(ctx context.Context, def *pb.Definition) {
	if len(l.session.options.Layers.To) == 0 {
		return
	}
	gw, err := l.session.pins.gateway(ctx)
	if err == nil {
		_, err = evaluate(ctx, gw, gateway.SolveRequest{Definition: def})
	}
	if err != nil {
		if ctx.Err() == nil {
			l.session.options.Layers.Log.Warn("layer cache goes without a step", "err", clean(err))
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[digest.FromBytes(def.Def[len(def.Def)-1])] = def
}

// save exports what was evaluated, to one place after another.
func (l *layers) save() {
	o := l.session.options.Layers
	if len(o.To) == 0 || len(l.done) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.SaveTimeout)
	defer cancel()
	for _, to := range o.To {
		start := time.Now()
		if err := l.export(ctx, to); err != nil {
			o.Log.Warn("layer cache was not saved", "type", to.Type, "to", to.Attrs["ref"]+to.Attrs["dest"], "err", err)
			continue
		}
		o.Log.Info("saved layer cache", "type", to.Type, "to", to.Attrs["ref"]+to.Attrs["dest"], "took", took(start))
	}
}

func (l *layers) export(ctx context.Context, to client.CacheOptionsEntry) error {
	s := l.session
	opt := s.solveOpt()
	// A session of its own, to which the client adds the store that is written to.
	opt.SharedSession, opt.SessionPreInitialized = nil, false
	opt.Session = s.credentials()
	opt.CacheExports = []client.CacheOptionsEntry{to}
	keys := slices.Sorted(maps.Keys(l.done))
	names, asked := platformsOf(len(keys), s.platform)
	opt.FrontendAttrs = map[string]string{"platform": asked}
	ch, wait := s.progress.stream()
	defer wait()
	res, err := s.client.Build(ctx, opt, product, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		all := gateway.NewResult()
		for i, key := range keys {
			ref, err := evaluate(ctx, gw, gateway.SolveRequest{Definition: l.done[key]})
			if err != nil {
				return nil, err
			}
			all.AddRef(names.Platforms[i].ID, ref)
		}
		encoded, err := json.Marshal(names)
		if err != nil {
			return nil, err
		}
		all.AddMeta(exptypes.ExporterPlatformsKey, encoded)
		return all, nil
	}, ch)
	if err != nil {
		return clean(err)
	}
	if (to.Type == localCache || to.Type == "registry") && res.ExporterResponse[manifestWritten] == "" {
		return errNoLayers
	}
	return nil
}

// platformsOf names the results of a build: several need a platform each, and the
// daemon warns of those that were not asked for.
func platformsOf(count int, p ocispecs.Platform) (named exptypes.Platforms, asked string) {
	var all []string
	for i := range count {
		p.OSVersion = strconv.Itoa(i)
		named.Platforms = append(named.Platforms, exptypes.Platform{ID: p.OSVersion, Platform: p})
		all = append(all, platforms.FormatAll(p))
	}
	return named, strings.Join(all, ",")
}

// errNoLayers says that nothing was exported.
var errNoLayers = errors.New("the steps of this pipeline have left nothing to keep")

// manifestWritten is in the daemon's answer where it has exported something.
const manifestWritten = "cache.manifest"
