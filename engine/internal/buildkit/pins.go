package buildkit

import (
	"context"
	"sync"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	digest "github.com/opencontainers/go-digest"
)

// pins keeps loaded host folders in the solver for the whole session: a load
// happens once, and every evaluation sees the same files.
type pins struct {
	session *Session

	mu     sync.Mutex
	states map[digest.Digest]*pin

	holder sync.Mutex // guards the build that holds the pins
	gw     gateway.Client
	stop   chan struct{}
	ended  chan struct{}
}

// pin is a host folder and the load of it that is under way or done.
type pin struct {
	state llb.State
	dir   HostDir
	load  *pinLoad // nil: not loaded yet
}

type pinLoad struct {
	done chan struct{}
	// Valid after done.
	ref *Ref
	err error
}

func (p *pins) add(st llb.State, dir HostDir) {
	key, err := vertexDigest(st)
	if err != nil {
		return // marshalling again at evaluation reports it
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.states == nil {
		p.states = map[digest.Digest]*pin{}
	}
	if p.states[key] == nil {
		p.states[key] = &pin{state: st, dir: dir}
	}
}

func vertexDigest(st llb.State) (digest.Digest, error) {
	def, err := st.Marshal(context.Background())
	if err != nil {
		return "", err
	}
	return def.Head()
}

// dir returns the host folder with a vertex digest.
func (p *pins) dir(vertex digest.Digest) (HostDir, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pin := p.states[vertex]; pin != nil {
		return pin.dir, true
	}
	return HostDir{}, false
}

// notLoaded returns the host folder with a vertex digest, if it was not loaded yet.
func (p *pins) notLoaded(vertex digest.Digest) (HostDir, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pin := p.states[vertex]; pin != nil && pin.load == nil {
		return pin.dir, true
	}
	return HostDir{}, false
}

// load starts loading the host folders that def uses and that were not loaded
// yet, side by side with the evaluation of def, which shares the loads. wait
// returns when they are held for the session.
func (p *pins) load(def *llb.Definition) (wait func(context.Context) error) {
	var loads []*pinLoad
	for _, raw := range def.Def {
		if load := p.start(digest.FromBytes(raw)); load != nil {
			loads = append(loads, load)
		}
	}
	return func(ctx context.Context) error {
		for _, load := range loads {
			if err := load.wait(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// start returns the load of the host folder with a vertex digest, or nil if
// that is none. A load that failed is tried again.
func (p *pins) start(vertex digest.Digest) *pinLoad {
	p.mu.Lock()
	defer p.mu.Unlock()
	pin := p.states[vertex]
	if pin == nil {
		return nil
	}
	if pin.load != nil && !pin.load.failed() {
		return pin.load
	}
	load := &pinLoad{done: make(chan struct{})}
	pin.load = load
	go func() {
		defer close(load.done)
		// The load belongs to the session, not to who asked for it first.
		ctx := context.Background()
		ref, err := p.solve(ctx, pin.state)
		load.ref, load.err = ref, pin.dir.explain(ctx, err)
	}()
	return load
}

// wait returns when the load is done, with what went wrong.
func (l *pinLoad) wait(ctx context.Context) error {
	select {
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *pinLoad) failed() bool {
	select {
	case <-l.done:
		return l.err != nil
	default:
		return false
	}
}

func (p *pins) solve(ctx context.Context, st llb.State) (*Ref, error) {
	gw, err := p.gateway(ctx)
	if err != nil {
		return nil, err
	}
	def, err := st.Marshal(ctx)
	if err != nil {
		return nil, err
	}
	ref, err := evaluate(ctx, gw, gateway.SolveRequest{Definition: def.ToPB()})
	if err != nil {
		return nil, err
	}
	return &Ref{Reference: ref, gw: gw}, nil
}

// folder returns the load of the host folder that def consists of, or nil if
// def is anything else: then there is nothing to evaluate but the load.
func (p *pins) folder(def *llb.Definition) *pinLoad {
	const sourceAndResult = 2
	if len(def.Def) != sourceAndResult {
		return nil
	}
	return p.start(digest.FromBytes(def.Def[0]))
}

// gateway starts the build that holds the pins.
func (p *pins) gateway(ctx context.Context) (gateway.Client, error) {
	p.holder.Lock()
	defer p.holder.Unlock()
	if p.gw != nil {
		return p.gw, nil
	}
	stop := make(chan struct{})
	ready := make(chan gateway.Client, 1)
	failed := make(chan error, 1)
	p.ended = make(chan struct{})
	p.stop = stop
	go func() {
		defer close(p.ended)
		ch, wait := p.session.progress.stream()
		_, err := p.session.client.Build(context.Background(), p.session.solveOpt(), product, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
			ready <- gw
			select {
			case <-stop:
			case <-ctx.Done():
			}
			return gateway.NewResult(), nil
		}, ch)
		wait()
		failed <- err
	}()
	select {
	case p.gw = <-ready:
		return p.gw, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (p *pins) close() {
	p.holder.Lock()
	stop, ended := p.stop, p.ended
	p.holder.Unlock()
	if stop != nil {
		close(stop)
		<-ended
	}
}
