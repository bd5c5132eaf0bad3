package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// gitlabJob is what a runner reads of a job file.
type gitlabJob struct {
	Check struct {
		Variables map[string]string
		Script    []string
		Cache     struct{ Paths []string }
		Artifacts struct {
			Paths   []string
			Reports struct{ JUnit, Codequality string }
		}
	}
}

// failing is an application with a test that fails.
var failing = map[string]string{
	"go.mod":      "module example.com/app\n\ngo 1.26\n",
	"app_test.go": "package app\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tt.Errorf(\"one and one is %d\", 3)\n}\n",
}

// TestJobOfGitLab does what a runner does with the job file: sets the variables,
// runs the line in a shell, and collects what the file says is there. The line has
// only the tests run, since linters take minutes to compile.
func TestJobOfGitLab(t *testing.T) {
	needsEmbedded(t)
	dir := filepath.Join(t.TempDir(), "app")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".cache"), 0o755))
	for name, content := range failing {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644))
	}
	run(t, dir, compile(t, "./ci"), "init", "--ci", "gitlab", "--embedded", "--bodkin", repository(t))
	var job gitlabJob
	require.NoError(t, yaml.Unmarshal([]byte(read(t, filepath.Join(dir, ".gitlab-ci.yml"))), &job))

	env := append(os.Environ(), "CI=true", "GITLAB_CI=true", "CI_PROJECT_DIR="+dir)
	for name, value := range job.Check.Variables {
		value = strings.ReplaceAll(value, "$CI_PROJECT_DIR", dir)
		env = append(env, name+"="+value)
		restoreCache(t, name, value)
	}
	script := strings.Replace(strings.Join(job.Check.Script, "\n"), "ci check", "ci test", 1)
	runner := exec.CommandContext(t.Context(), "sh", "-ec", script)
	runner.Dir, runner.Env = dir, env
	out, err := runner.CombinedOutput()
	require.Error(t, err, "a test fails")
	require.Contains(t, string(out), "section_start:")
	require.Contains(t, string(out), "app_test.go:6: one and one is 3")

	for _, pattern := range append(job.Check.Artifacts.Paths, job.Check.Artifacts.Reports.JUnit, job.Check.Artifacts.Reports.Codequality) {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found, "the job has left no %s", pattern)
	}
	require.Contains(t, read(t, filepath.Join(dir, job.Check.Artifacts.Reports.Codequality)), `"path": "app_test.go"`)
	for _, path := range job.Check.Cache.Paths {
		cached, err := os.ReadDir(filepath.Join(dir, path))
		require.NoError(t, err)
		require.NotEmpty(t, cached, "%s, which the job caches", path)
	}
}

// restoreCache fills the folder that a variable names as a CI does: from an earlier
// run, here from this machine's own caches.
func restoreCache(t *testing.T, variable, dir string) {
	t.Helper()
	switch variable {
	case "GOMODCACHE", "GOCACHE":
		host := strings.TrimSpace(run(t, ".", "go", "env", variable))
		require.NoError(t, os.Symlink(host, dir))
	case cachedir.EnvVar:
		require.NoError(t, os.Mkdir(dir, 0o700))
		shareParts(t, dir)
		t.Setenv(cachedir.EnvVar, dir)
		t.Cleanup(func() { stopEngine(t) })
	}
}
