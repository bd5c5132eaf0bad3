package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInit starts a pipeline in fresh repositories with the applications of this one,
// and builds with it.
func TestInit(t *testing.T) {
	needsEmbedded(t)
	ci := compile(t, "./ci")
	for _, app := range []string{"go-api", "rust-rocket"} {
		t.Run(app, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), app)
			require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(repository(t), "examples", app))))
			run(t, dir, "git", "init", "-q")
			run(t, dir, "git", "remote", "add", "origin", "git@gitlab.example.com:team/app.git")

			out := run(t, dir, ci, "init", "--bodkin", repository(t))
			for _, file := range []string{"ci/main.go", "ci/go.mod", "ci/go.sum", "go.work", ".gitlab-ci.yml"} {
				require.Contains(t, out, "wrote "+file+"\n")
				require.FileExists(t, filepath.Join(dir, file))
			}
			require.Equal(t, unchanged(t, app), read(t, filepath.Join(dir, manifestOf(dir))), "the application's modules are its own")
			require.Contains(t, read(t, filepath.Join(dir, ".gitlab-ci.yml")), "go run ./ci check")
			require.Contains(t, read(t, filepath.Join(dir, ".gitignore")), "/.cache/\n")

			requireStays(t, ci, dir)
			require.Contains(t, run(t, dir, "go", "run", "./ci", "build", "--engine", "embedded"), "dist/"+app+"/bin/"+app)
			require.FileExists(t, filepath.Join(dir, "dist", app, "bin", app))
			require.Contains(t, run(t, dir, "go", "run", "./ci", "fmt", "--engine", "embedded"), "fmt "+app)
		})
	}
}

// requireStays runs init again: what is there stays as it is.
func requireStays(t *testing.T, ci, dir string) {
	t.Helper()
	for _, file := range []string{"ci/main.go", ".gitlab-ci.yml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), append([]byte(read(t, filepath.Join(dir, file))), '\n'), 0o644))
	}
	pipeline, job := read(t, filepath.Join(dir, "ci/main.go")), read(t, filepath.Join(dir, ".gitlab-ci.yml"))
	again := exec.CommandContext(t.Context(), ci, "init")
	again.Dir = dir
	out, err := again.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), ".gitlab-ci.yml is there and stays as it is; --force overwrites it")
	require.Equal(t, job, read(t, filepath.Join(dir, ".gitlab-ci.yml")))

	require.Equal(t, "wrote .gitlab-ci.yml\n", run(t, dir, ci, "init", "--force"))
	require.NotEqual(t, job, read(t, filepath.Join(dir, ".gitlab-ci.yml")))
	require.Equal(t, pipeline, read(t, filepath.Join(dir, "ci/main.go")))
}

func manifestOf(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "Cargo.toml")); err == nil {
		return "Cargo.toml"
	}
	return "go.mod"
}

func unchanged(t *testing.T, app string) string {
	t.Helper()
	dir := filepath.Join(repository(t), "examples", app)
	return read(t, filepath.Join(dir, manifestOf(dir)))
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}
