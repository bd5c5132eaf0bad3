package buildkit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/apicaps"
	"github.com/moby/buildkit/util/entitlements"
)

// features is what a daemon can do and allows. It is asked once, while the session
// does other things.
type features struct {
	asked        chan struct{}
	caps         *apicaps.CapSet // nil: all that this client knows
	entitlements []string
	err          error
}

// allEntitlements are the special rights that execs may ask for.
var allEntitlements = []string{
	entitlements.EntitlementSecurityInsecure.String(),
	entitlements.EntitlementNetworkHost.String(),
}

// allFeatures are those of a daemon that is of the client's own release.
func allFeatures() *features {
	f := &features{asked: make(chan struct{}), entitlements: allEntitlements}
	close(f.asked)
	return f
}

// askFeatures begins to ask a daemon.
func askFeatures(ctx context.Context, c *client.Client) *features {
	f := &features{asked: make(chan struct{}), entitlements: allEntitlements}
	go func() {
		defer close(f.asked)
		f.err = f.ask(ctx, c)
	}()
	return f
}

// ask runs an empty build, without the rights that the daemon refuses.
func (f *features) ask(ctx context.Context, c *client.Client) error {
	for {
		opt := client.SolveOpt{Internal: true, AllowedEntitlements: f.entitlements}
		_, err := c.Build(ctx, opt, product, func(_ context.Context, gw gateway.Client) (*gateway.Result, error) {
			caps := gw.BuildOpts().LLBCaps
			f.caps = &caps
			return gateway.NewResult(), nil
		}, nil)
		if err == nil {
			return nil
		}
		allowed := withoutRefused(f.entitlements, err)
		if len(allowed) == len(f.entitlements) {
			return fmt.Errorf("asking the engine what it can do: %w", err)
		}
		f.entitlements = allowed
	}
}

// withoutRefused leaves out the entitlements that err says the daemon does not allow.
func withoutRefused(asked []string, err error) []string {
	var allowed []string
	for _, name := range asked {
		if !strings.Contains(err.Error(), name+" is not allowed") {
			allowed = append(allowed, name)
		}
	}
	return allowed
}

// has reports whether the daemon knows a capability.
func (f *features) has(id apicaps.CapID) bool {
	<-f.asked
	return f.caps == nil || f.caps.Supports(id) == nil
}

// allowed are the special rights that the daemon allows.
func (f *features) allowed() []string {
	<-f.asked
	return f.entitlements
}

// Has reports whether the daemon knows a capability of LLB, one of the constants
// pb.Cap….
func (s *Session) Has(id apicaps.CapID) bool { return s.features.has(id) }

// FeatureError says that the engine's BuildKit lacks something, or does not allow it.
type FeatureError struct {
	What   string // in the user's terms
	Engine string // its name and version, as far as it tells them
	Advice string
}

func (e *FeatureError) Error() string {
	return fmt.Sprintf("%s cannot do this: %s (%s)", e.Engine, e.What, e.Advice)
}

// lacking are features that have no way around, by capability.
var lacking = map[apicaps.CapID]string{
	pb.CapSourceHTTPAuth:                 "downloading with an authorization header",
	pb.CapSourceHTTPHeader:               "downloading with headers",
	pb.CapSourceHTTPChecksum:             "downloading with a checksum",
	pb.CapFileCopyIncludeExcludePatterns: "copying with include or exclude patterns",
	pb.CapExecSecretEnv:                  "running commands (the shim is told about its host by a secret variable)",
	pb.CapMergeOp:                        "merging trees",
}

// check refuses what the daemon cannot do, before it is asked to.
func (s *Session) check(def *llb.Definition) error {
	if s.options.Matching {
		return nil
	}
	for _, meta := range def.Metadata {
		for id := range meta.Caps {
			if what, known := lacking[id]; known && !s.Has(id) {
				return &FeatureError{What: what, Engine: s.engineName(), Advice: "use a newer one, or --engine embedded"}
			}
		}
	}
	// The description of a copy does not tell of this one.
	if id := pb.CapFileCopyIncludeExcludePatterns; !s.Has(id) && copiesByPattern(def) {
		return &FeatureError{What: lacking[id], Engine: s.engineName(), Advice: "use a newer one, or --engine embedded"}
	}
	if slices.Contains(s.features.allowed(), entitlements.EntitlementSecurityInsecure.String()) {
		return nil
	}
	for _, op := range ops(def.Def) {
		if op.GetExec().GetSecurity() == pb.SecurityMode_INSECURE {
			return &FeatureError{
				What: "running with all root capabilities", Engine: s.engineName(),
				Advice: "its daemon has to allow security.insecure: builder.entitlements.security-insecure in Docker's daemon.json, --allow-insecure-entitlement security.insecure of buildkitd",
			}
		}
	}
	return nil
}

// copiesByPattern reports whether def copies with include or exclude patterns. A daemon
// that does not know them would copy everything.
func copiesByPattern(def *llb.Definition) bool {
	for _, op := range ops(def.Def) {
		for _, action := range op.GetFile().GetActions() {
			if c := action.GetCopy(); len(c.GetIncludePatterns())+len(c.GetExcludePatterns()) > 0 {
				return true
			}
		}
	}
	return false
}

// engineName is what the daemon is called in errors.
func (s *Session) engineName() string {
	if s.docker != nil {
		return "the BuildKit within Docker " + s.docker.version
	}
	return "the BuildKit at " + s.address
}
