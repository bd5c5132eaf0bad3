// Package moduletest gives the tests of a module the engine that they share.
// Start with New.
package moduletest

import (
	"context"
	"os"
	"runtime"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
)

// Address is the engine that tests use, as engine.WithAddress takes it.
func Address() string { return os.Getenv("BODKIN_TEST_ENGINE") }

// Engine is one client that all tests of a package share. Nothing is connected
// to before a test asks.
type Engine struct {
	connect func() (*dagger.Client, error)
	used    bool
}

// New returns an engine that connect connects to, at an address. Modules know
// nothing of engines, so their tests say how.
func New(connect func(ctx context.Context, address string) (*dagger.Client, error)) *Engine {
	return &Engine{connect: sync.OnceValues(func() (*dagger.Client, error) {
		return connect(context.Background(), Address())
	})}
}

// Main is a TestMain: it runs the tests and closes the client.
func (e *Engine) Main(m *testing.M) {
	code := m.Run()
	if e.used {
		if c, err := e.connect(); err == nil {
			_ = c.Close()
		}
	}
	os.Exit(code)
}

// Client returns the client. The test is skipped where there cannot be one.
func (e *Engine) Client(t testing.TB) *dagger.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("needs an engine and the network")
	}
	if Address() == "" && (runtime.GOOS != "linux" || os.Getuid() != 0) {
		t.Skip("the embedded engine needs Linux and root; set BODKIN_TEST_ENGINE")
	}
	e.used = true
	c, err := e.connect()
	require.NoError(t, err)
	return c
}

// ClientWithDebian is Client for modules that need Debian's packages.
func (e *Engine) ClientWithDebian(t testing.TB) *dagger.Client {
	t.Helper()
	if testing.Short() {
		return e.Client(t)
	}
	if _, err := debian.HostSource(""); err != nil {
		t.Skip(err)
	}
	return e.Client(t)
}
