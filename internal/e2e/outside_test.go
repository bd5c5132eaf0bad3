package e2e

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// outside is a repository of somebody else: a pipeline in ci/ and an application.
//
//go:embed testdata/outside
var outside embed.FS

// maxPipeline is how many lines of code the pipeline of another repository may need.
const maxPipeline = 20

// TestOtherRepository builds the code of a repository outside this tree, whose
// pipeline imports the engine and the Go module.
func TestOtherRepository(t *testing.T) {
	needsEmbedded(t)
	dir := t.TempDir()
	for source, target := range map[string]string{"pipeline.go.txt": "ci/main.go", "app.go.txt": "main.go", "app.mod.txt": "go.mod"} {
		content, err := outside.ReadFile("testdata/outside/" + source)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, target)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, target), content, 0o644))
		if target == "ci/main.go" {
			require.Less(t, len(slices.DeleteFunc(strings.Split(string(content), "\n"), isBlank)), maxPipeline)
		}
	}
	requireBodkin(t, filepath.Join(dir, "ci"))

	run(t, dir, "go", "-C", "ci", "build", "-o", "../pipeline", ".")
	run(t, dir, "./pipeline")
	require.Equal(t, "hello from outside\n", run(t, dir, filepath.Join(dir, "dist", "hello")))
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// requireBodkin makes the pipeline a module that depends on this repository.
func requireBodkin(t *testing.T, dir string) {
	t.Helper()
	root := repository(t)
	own, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	_, requirements, ok := strings.Cut(string(own), "\n\n")
	require.True(t, ok)
	mod := fmt.Sprintf("module example.com/ci\n\n%s\nrequire github.com/bodkin-ci/bodkin v0.0.0\n\nreplace github.com/bodkin-ci/bodkin => %s\n", requirements, root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644))
}
