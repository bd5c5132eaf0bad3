// Package e2e runs the whole product as its users do: the compiled ci program,
// or a program of another repository, on an empty cache folder.
package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// needsEmbedded skips a test where the embedded engine cannot run.
func needsEmbedded(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("sets up an engine on an empty cache folder")
	}
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("the embedded engine needs Linux and root")
	}
}

// emptyCache points Bodkin at an empty cache folder for the test, and ends the
// engine there afterwards.
func emptyCache(t *testing.T) {
	t.Helper()
	t.Setenv(cachedir.EnvVar, t.TempDir())
	t.Cleanup(func() { require.NoError(t, engine.Stop(context.WithoutCancel(t.Context()))) })
}

// repository is the root of this repository.
func repository(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	return root
}

// run runs a program in dir and returns what it printed.
func run(t testing.TB, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	require.NoError(t, err, "%s %s:\n%s", name, strings.Join(args, " "), out.String())
	return out.String()
}

// compile builds a program of this repository.
func compile(t testing.TB, pkg string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	run(t, repository(t), "go", "build", "-o", program, pkg)
	return program
}

// imageDigest is the digest of the manifest in an archive that ci has written.
func imageDigest(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	run(t, dir, "tar", "-xf", archive)
	index, err := layout.ImageIndexFromPath(dir)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	return manifest.Manifests[0].Digest.String()
}
