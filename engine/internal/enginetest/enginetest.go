// Package enginetest gives tests a real BuildKit daemon. Call Address.
package enginetest

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
)

var shared = sync.OnceValues(func() (*embedded.Daemon, error) {
	return embedded.Start(context.Background(), embedded.Options{Log: log.New(os.Stderr)})
})

// Address returns the address of the embedded daemon in Bodkin's cache folder. It
// is started, and set up where that is needed, once per process, and this process
// keeps its lease until it ends. The test is skipped in short mode and where the
// embedded engine cannot run.
func Address(t testing.TB) string {
	t.Helper()
	Needs(t)
	d, err := shared()
	if err != nil {
		t.Fatalf("starting the engine for tests: %v", err)
	}
	return d.Address()
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
