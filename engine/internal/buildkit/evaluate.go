package buildkit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// product names this client in the daemon's records.
const product = "bodkin"

// maxShimInstalls bounds how often one evaluation may find that an exec's shim
// is missing (pruned meanwhile, or replaced by another release of Bodkin).
const maxShimInstalls = 5

// solveOpt is what all evaluations share. Builds are internal: the daemon
// keeps no history record, which costs a write to disk for each.
func (s *Session) solveOpt() client.SolveOpt {
	return client.SolveOpt{
		SharedSession:         s.sess,
		SessionPreInitialized: true,
		Internal:              true,
		AllowedEntitlements:   s.features.allowed(),
	}
}

// Ref is an evaluated state, valid while the function it was handed to runs.
type Ref struct {
	gateway.Reference
	gw gateway.Client
}

// Evaluate evaluates st and calls use with what came out. An exec that failed
// is an *ExecError. Evaluations share what they have in common: a step runs
// once, however many ask for it.
func (s *Session) Evaluate(ctx context.Context, st llb.State, platform ocispecs.Platform, use func(context.Context, *Ref) error) error {
	def, err := s.define(ctx, st, platform)
	if err != nil {
		return fmt.Errorf("describing the build: %w", err)
	}
	return s.evaluate(ctx, def, use)
}

// evaluate is Evaluate for what is described already.
func (s *Session) evaluate(ctx context.Context, def *llb.Definition, use func(context.Context, *Ref) error) error {
	if load := s.pins.folder(def); load != nil {
		if err := load.wait(ctx); err != nil {
			return err
		}
		return use(ctx, load.ref)
	}
	return s.withShims(ctx, def, func() error { return s.build(ctx, def, use) })
}

// maxLostInputs bounds how often one evaluation may lose the input of a step.
const maxLostInputs = 5

// lostInput recognises what BuildKit says (v0.33.1, solver/jobs.go and scheduler.go) where several
// clients have a step in common, and the one whose step it was gives up at the moment
// in which others go on with it. Nothing is wrong with the step.
func lostInput(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "failed to get state for index ") ||
		strings.Contains(err.Error(), "inconsistent graph state in edge "))
}

// withShims has build evaluate def, and again where a shim was missing, or where a
// client that gives up has taken something with it.
func (s *Session) withShims(ctx context.Context, def *llb.Definition, build func() error) error {
	if err := s.shims.prepare(ctx, def); err != nil {
		return err
	}
	if err := s.volumes.meet(ctx, def); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := build()
		var silent *notStartedError
		if errors.As(err, &silent) {
			silent.said = s.said(err)
		}
		if lostInput(err) && attempt <= maxLostInputs {
			continue
		}
		arch, retry := wantsShim(err, attempt)
		if !retry {
			return err
		}
		if failed := s.shims.install(ctx, arch); failed != nil && silent != nil {
			return err // it may well have been there
		} else if failed != nil {
			return failed
		}
	}
}

// wantsShim reports whether an evaluation may succeed once the shim is installed
// again. An exec that did not start for an unknown reason gets one more chance.
func wantsShim(err error, attempt int) (arch string, retry bool) {
	var missing *shimMissingError
	if errors.As(err, &missing) {
		return missing.arch, attempt <= maxShimInstalls
	}
	var silent *notStartedError
	if errors.As(err, &silent) {
		return silent.arch, attempt == 1
	}
	return "", false
}
func (s *Session) build(ctx context.Context, def *llb.Definition, use func(context.Context, *Ref) error) error {
	return s.pinned(ctx, def, func(ctx context.Context, gw gateway.Client) error {
		if len(def.Def) == 0 { // scratch
			return use(ctx, &Ref{gw: gw})
		}
		ref, err := s.solve(ctx, gw, def.ToPB())
		if err != nil {
			return s.failure(ctx, gw, err)
		}
		return use(ctx, &Ref{Reference: ref, gw: gw})
	})
}

// solve evaluates what the pipeline has asked for within the build that gw belongs
// to, and has the daemon, and the layer cache, keep it. Its errors are those of the
// solver.
func (s *Session) solve(ctx context.Context, gw gateway.Client, def *pb.Definition) (gateway.Reference, error) {
	ref, err := evaluate(ctx, gw, gateway.SolveRequest{Definition: def, CacheImports: s.layers.imports})
	if err != nil {
		return nil, err
	}
	if err := s.outputs.keep(ctx, gw, def); err != nil {
		return nil, err
	}
	s.layers.evaluated(ctx, def)
	return ref, nil
}

// evaluate runs what req defines and returns the one result.
func evaluate(ctx context.Context, gw gateway.Client, req gateway.SolveRequest) (gateway.Reference, error) {
	req.Evaluate = true
	res, err := gw.Solve(ctx, req)
	if err != nil {
		return nil, err
	}
	return res.SingleRef()
}

// pinned runs fn with a gateway client while the host folders of def are loaded.
func (s *Session) pinned(ctx context.Context, def *llb.Definition, fn func(context.Context, gateway.Client) error) error {
	return s.direct(ctx, func(ctx context.Context, gw gateway.Client) error {
		held := s.pins.load(def)
		result := fn(ctx, gw)
		if err := held(ctx); err != nil {
			return err // why a host folder could not be loaded, in the user's terms
		}
		return result
	})
}

// direct is Gateway, but returns fn's own error and not what the daemon makes
// of it.
func (s *Session) direct(ctx context.Context, fn func(context.Context, gateway.Client) error) error {
	var result error
	err := s.Gateway(ctx, func(ctx context.Context, gw gateway.Client) error {
		result = fn(ctx, gw)
		return result
	})
	if result != nil {
		return result
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Gateway runs fn with a BuildKit gateway client, as long as fn runs.
func (s *Session) Gateway(ctx context.Context, fn func(context.Context, gateway.Client) error) error {
	ch, wait := s.progress.stream()
	defer wait()
	_, err := s.client.Build(ctx, s.solveOpt(), product, func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		return gateway.NewResult(), fn(ctx, gw)
	}, ch)
	return err
}
