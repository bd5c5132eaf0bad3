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
	gw     gateway.Client
	stop   chan struct{}
	ended  chan struct{}
}

type pin struct {
	state llb.State
	dir   HostDir
	once  sync.Once
	err   error
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

// load loads the host folders that def uses and that were not loaded yet.
func (p *pins) load(ctx context.Context, def *llb.Definition) error {
	for _, pin := range p.used(def) {
		pin.once.Do(func() { pin.err = pin.dir.explain(ctx, p.solve(ctx, pin.state)) })
		if pin.err != nil {
			return pin.err
		}
	}
	return nil
}

func (p *pins) used(def *llb.Definition) []*pin {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*pin
	for _, raw := range def.Def {
		if pin := p.states[digest.FromBytes(raw)]; pin != nil {
			out = append(out, pin)
		}
	}
	return out
}

func (p *pins) solve(ctx context.Context, st llb.State) error {
	gw, err := p.gateway(ctx)
	if err != nil {
		return err
	}
	def, err := st.Marshal(ctx)
	if err != nil {
		return err
	}
	_, err = gw.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
	return err
}

// gateway starts the build that holds the pins.
func (p *pins) gateway(ctx context.Context) (gateway.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
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
	p.mu.Lock()
	stop, ended := p.stop, p.ended
	p.mu.Unlock()
	if stop != nil {
		close(stop)
		<-ended
	}
}
