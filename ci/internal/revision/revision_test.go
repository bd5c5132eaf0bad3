package revision_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// clean takes the variables of the CI that runs these tests away.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range []string{"CI_COMMIT_SHA", "GITHUB_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "GIT_COMMIT", "CI_PROJECT_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "SOURCE_DATE_EPOCH"} {
		t.Setenv(name, "")
	}
}

// repository makes a repository with one commit, and a function to run git there.
func repository(t *testing.T) (dir string, git func(args ...string)) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir = t.TempDir()
	git = func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(),
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
			"GIT_AUTHOR_DATE=2024-05-06T07:08:09Z", "GIT_COMMITTER_DATE=2024-05-06T07:08:09Z")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	git("init", "-q", "-b", "main")
	git("remote", "add", "origin", "https://someone:password@git.example.com/team/app.git")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("one"), 0o644))
	git("add", "file")
	git("commit", "-q", "-m", "First")
	return dir, git
}

func TestFromGit(t *testing.T) {
	clean(t)
	dir, _ := repository(t)
	rev := revision.Of(t.Context(), dir, time.Time{})
	require.Regexp(t, "^[0-9a-f]{40}$", rev.Commit)
	require.Equal(t, "https://git.example.com/team/app", rev.Source)
	require.Equal(t, "2024-05-06T07:08:09Z", rev.Created())
	require.Equal(t, rev, revision.Of(t.Context(), dir, time.Time{}))

	require.Equal(t, "https://git.example.com/team/app", revision.Remote(t.Context(), dir))
	require.Empty(t, revision.Remote(t.Context(), t.TempDir()))

	epoch := time.Unix(1700000000, 0)
	require.Equal(t, "2023-11-14T22:13:20Z", revision.Of(t.Context(), dir, epoch).Created())
}

func TestUncommittedChangesAreMarked(t *testing.T) {
	clean(t)
	dir, git := repository(t)
	committed := revision.Of(t.Context(), dir, time.Time{}).Commit

	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("two"), 0o644))
	require.Equal(t, committed+"-dirty", revision.Of(t.Context(), dir, time.Time{}).Commit)
	git("checkout", "-q", "file")
	require.Equal(t, committed, revision.Of(t.Context(), dir, time.Time{}).Commit)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "new"), nil, 0o644))
	require.Equal(t, committed+"-dirty", revision.Of(t.Context(), dir, time.Time{}).Commit)
}

func TestFromEnvironment(t *testing.T) {
	clean(t)
	dir := t.TempDir()
	require.Equal(t, revision.Revision{Commit: "dev"}, revision.Of(t.Context(), dir, time.Time{}))

	t.Setenv("GITHUB_SHA", "abc")
	t.Setenv("GITHUB_SERVER_URL", "https://github.example.com")
	t.Setenv("GITHUB_REPOSITORY", "team/app")
	require.Equal(t, revision.Revision{Commit: "abc", Source: "https://github.example.com/team/app"}, revision.Of(t.Context(), dir, time.Time{}))

	t.Setenv("CI_COMMIT_SHA", "def")
	t.Setenv("CI_PROJECT_URL", "https://gitlab.example.com/team/app")
	require.Equal(t, revision.Revision{Commit: "def", Source: "https://gitlab.example.com/team/app"}, revision.Of(t.Context(), dir, time.Time{}))

	// Without git in PATH a repository is a folder like any other.
	repo, _ := repository(t)
	t.Setenv("PATH", dir)
	require.Equal(t, "def", revision.Of(t.Context(), repo, time.Time{}).Commit)
}

func TestEpoch(t *testing.T) {
	clean(t)
	epoch, err := revision.Epoch()
	require.NoError(t, err)
	require.True(t, epoch.IsZero())

	t.Setenv("SOURCE_DATE_EPOCH", "0")
	epoch, err = revision.Epoch()
	require.NoError(t, err)
	require.Equal(t, "1970-01-01T00:00:00Z", revision.Revision{Time: epoch}.Created())

	for _, bad := range []string{"-1", "now", "1e3"} {
		t.Setenv("SOURCE_DATE_EPOCH", bad)
		_, err = revision.Epoch()
		require.ErrorContains(t, err, bad)
	}
}

func TestPublicURL(t *testing.T) {
	for remote, want := range map[string]string{
		"https://git.example.com/team/app.git":             "https://git.example.com/team/app",
		"https://user:secret@git.example.com/team/app":     "https://git.example.com/team/app",
		"https://git.example.com:8443/team/app/?token=abc": "https://git.example.com:8443/team/app",
		"git@git.example.com:team/app.git":                 "https://git.example.com/team/app",
		"ssh://git@git.example.com:2222/team/app.git":      "https://git.example.com/team/app",
		"git://git.example.com/app.git":                    "https://git.example.com/app",
		"../sibling":                                       "",
		"/srv/git/app.git":                                 "",
		"file:///srv/git/app.git":                          "",
		"":                                                 "",
	} {
		require.Equal(t, want, revision.PublicURL(remote), remote)
	}
}
