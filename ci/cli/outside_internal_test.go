package cli

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// CIs keep caches below the checkout, where they are no part of the application.
func TestCachesAreNoSource(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("GOPATH", "")
	t.Setenv("GOMODCACHE", "/elsewhere/mod")
	t.Setenv("GOCACHE", filepath.Join(dir, ".cache", "go-build"))
	t.Setenv(cachedir.EnvVar, filepath.Join(dir, ".cache", "bodkin"))
	p := &plan{output: filepath.Join(dir, "out")}
	require.Equal(t, []string{".git", "dist", "out", ".cache/bodkin", ".cache/go-build"}, notSource(App{Dir: dir}, p.outside()...))
}
