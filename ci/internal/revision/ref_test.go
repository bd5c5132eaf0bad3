package revision_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// refVariables are those that RefOf reads.
var refVariables = []string{
	"GITLAB_CI", "CI_COMMIT_BRANCH", "CI_COMMIT_TAG", "CI_DEFAULT_BRANCH",
	"GITHUB_ACTIONS", "GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_REF_TYPE", "GITHUB_EVENT_PATH",
	"DRONE_BRANCH", "DRONE_TAG", "DRONE_PULL_REQUEST", "DRONE_REPO_BRANCH",
	"CIRCLE_BRANCH", "CIRCLE_TAG", "CIRCLE_PULL_REQUEST",
	"BUILDKITE_BRANCH", "BUILDKITE_TAG", "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
	"BRANCH_NAME", "TAG_NAME", "CHANGE_ID",
}

func setRef(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range refVariables {
		t.Setenv(name, variables[name])
	}
}

func TestRefFromGit(t *testing.T) {
	setRef(t, nil)
	dir, git := repository(t)
	require.Equal(t, revision.Ref{Branch: "main", Default: true}, revision.RefOf(t.Context(), dir))
	git("checkout", "-q", "-b", "feature/x")
	require.Equal(t, revision.Ref{Branch: "feature/x"}, revision.RefOf(t.Context(), dir))
	git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/feature/x")
	require.Equal(t, revision.Ref{Branch: "feature/x", Default: true}, revision.RefOf(t.Context(), dir))
	git("checkout", "-q", "--detach")
	require.Equal(t, revision.Ref{}, revision.RefOf(t.Context(), dir))
	require.Equal(t, revision.Ref{}, revision.RefOf(t.Context(), t.TempDir()))
}

func TestRefFromCI(t *testing.T) {
	event := filepath.Join(t.TempDir(), "event.json")
	require.NoError(t, os.WriteFile(event, []byte(`{"repository": {"default_branch": "trunk"}}`), 0o600))
	for name, c := range map[string]struct {
		variables map[string]string
		want      revision.Ref
	}{
		"gitlab":               {map[string]string{"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "a", "CI_DEFAULT_BRANCH": "a"}, revision.Ref{Branch: "a", Default: true}},
		"gitlab tag":           {map[string]string{"GITLAB_CI": "true", "CI_COMMIT_TAG": "v1", "CI_DEFAULT_BRANCH": "a"}, revision.Ref{Tag: "v1"}},
		"gitlab merge request": {map[string]string{"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "a"}, revision.Ref{}},
		"github":               {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/trunk", "GITHUB_REF_NAME": "trunk", "GITHUB_REF_TYPE": "branch", "GITHUB_EVENT_PATH": event}, revision.Ref{Branch: "trunk", Default: true}},
		"github tag":           {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/tags/v1", "GITHUB_REF_NAME": "v1", "GITHUB_REF_TYPE": "tag"}, revision.Ref{Tag: "v1"}},
		"github pull request":  {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/pull/1/merge", "GITHUB_REF_NAME": "1/merge", "GITHUB_REF_TYPE": "branch"}, revision.Ref{}},
		"drone":                {map[string]string{"DRONE_BRANCH": "main", "DRONE_REPO_BRANCH": "main"}, revision.Ref{Branch: "main", Default: true}},
		"drone pull request":   {map[string]string{"DRONE_BRANCH": "main", "DRONE_REPO_BRANCH": "main", "DRONE_PULL_REQUEST": "7"}, revision.Ref{}},
		"circle tag":           {map[string]string{"CIRCLE_TAG": "v2"}, revision.Ref{Tag: "v2"}},
		"jenkins":              {map[string]string{"BRANCH_NAME": "b"}, revision.Ref{Branch: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			setRef(t, c.variables)
			require.Equal(t, c.want, revision.RefOf(t.Context(), t.TempDir()))
		})
	}
}
