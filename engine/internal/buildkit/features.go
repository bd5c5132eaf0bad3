package buildkit

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
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
