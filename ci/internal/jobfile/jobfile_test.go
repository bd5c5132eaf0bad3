package jobfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/jobfile"
)

func TestRecognize(t *testing.T) {
	for want, remote := range map[string]string{
		"github":     "https://github.com/team/app",
		"gitlab":     "https://gitlab.example.com/team/app",
		"woodpecker": "https://codeberg.org/team/app",
		"codebuild":  "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/app",
		"":           "https://git.example.com/gitlab.com/app",
	} {
		require.Equal(t, want, jobfile.Recognize(t.TempDir(), remote), remote)
	}
	require.Empty(t, jobfile.Recognize(t.TempDir(), ""))
	for _, f := range jobfile.All() {
		dir := t.TempDir()
		path := filepath.Join(dir, f.Path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
		require.Equal(t, string(f.CI), jobfile.Recognize(dir, "https://example.com/app"), "by its file, whatever the remote")
	}
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".woodpecker"), 0o755))
	require.Equal(t, "woodpecker", jobfile.Recognize(dir, ""))
}

func TestFor(t *testing.T) {
	for _, name := range jobfile.Names() {
		f, err := jobfile.For(name, false)
		require.NoError(t, err)
		require.False(t, f.Embedded)
	}
	f, err := jobfile.For("gitlab", true)
	require.NoError(t, err)
	require.Contains(t, string(f.Content(jobfile.Options{})), "--engine embedded")
	_, err = jobfile.For("jenkins", true)
	require.ErrorContains(t, err, "leave --embedded out")
	_, err = jobfile.For("travis", false)
	require.ErrorContains(t, err, `there is no CI "travis"; there is: github, gitlab, drone, woodpecker, circleci, codebuild, jenkins`)
}

func TestContentNamesTheSums(t *testing.T) {
	f, err := jobfile.For("github", false)
	require.NoError(t, err)
	require.Contains(t, string(f.Content(jobfile.Options{})), "hashFiles('ci/go.sum')")
	require.Contains(t, string(f.Content(jobfile.Options{Sums: "go.sum"})), "hashFiles('go.sum')")
	require.NotContains(t, string(f.Content(jobfile.Options{Sums: "go.sum"})), "ci/go.sum")
}

func TestCachesAreInTheLine(t *testing.T) {
	for _, f := range jobfile.All() {
		content := string(f.Content(jobfile.Options{Cache: "$REGISTRY/cache"}))
		require.Regexp(t, `go run ./ci check --cache \$REGISTRY/cache( --engine embedded)?'?\n`, content, f.Path)
	}
	require.NoError(t, jobfile.CheckCache("./.cache/steps"))
	require.Error(t, jobfile.CheckCache("a b"))
}
