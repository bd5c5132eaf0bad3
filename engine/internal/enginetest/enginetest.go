// Package enginetest gives tests a real BuildKit daemon: Engines those that a
// suite runs on, Connect a client on one of them, Address its address.
package enginetest

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
)

var shared = sync.OnceValues(func() (*embedded.Daemon, error) {
	return embedded.Start(context.Background(), embedded.Options{Log: log.New(os.Stderr)})
})

// Address returns the address of the embedded daemon in Bodkin's cache folder, or
// the one in BODKIN_TEST_ENGINE. The daemon is started, and set up where that is
// needed, once per process, and this process keeps its lease until it ends. The
// test is skipped in short mode and where the embedded engine cannot run.
func Address(t testing.TB) string {
	t.Helper()
	if other := os.Getenv(EngineEnv); strings.Contains(other, "://") && !testing.Short() {
		return other
	}
	Needs(t)
	d, err := shared()
	if err != nil {
		t.Fatalf("starting the engine for tests: %v", err)
	}
	return d.Address()
}

// Connect returns a client on the daemon at Address, closed with the test.
func Connect(t testing.TB, opts ...engine.Option) *dagger.Client {
	t.Helper()
	c, err := engine.Connect(context.Background(), append([]engine.Option{engine.WithAddress(Address(t))}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Needs skips a test that needs the embedded engine where it cannot run.
func Needs(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs an engine")
	}
	if err := embedded.Supported(); err != nil {
		t.Skip(err)
	}
}
