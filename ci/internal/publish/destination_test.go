package publish_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/publish"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// ci sets the variables of a CI and takes those of the one that runs the test away.
func ci(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{"CI_REGISTRY", "CI_REGISTRY_IMAGE", "CI_PROJECT_PATH", "GITHUB_ACTIONS", "GITHUB_REPOSITORY"} {
		t.Setenv(name, variables[name])
	}
}

func TestTo(t *testing.T) {
	gitlab := map[string]string{"CI_REGISTRY": "registry.example.com:5000", "CI_REGISTRY_IMAGE": "registry.example.com:5000/group/project", "CI_PROJECT_PATH": "Group/Project"}
	github := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "Team/Project"}
	for name, c := range map[string]struct {
		ci   map[string]string
		to   publish.Destination
		want string
	}{
		"gitlab":              {ci: gitlab, want: "registry.example.com:5000/group/project/app"},
		"github":              {ci: github, want: "ghcr.io/team/project/app"},
		"registry":            {to: publish.Destination{Registry: "other.example.com/"}, want: "other.example.com/app"},
		"gitlab elsewhere":    {ci: gitlab, to: publish.Destination{Registry: "other.example.com"}, want: "other.example.com/group/project/app"},
		"repository":          {ci: github, to: publish.Destination{Repository: "/a/b/"}, want: "ghcr.io/a/b/app"},
		"repository with app": {ci: github, to: publish.Destination{Repository: "a/{app}-image"}, want: "ghcr.io/a/app-image"},
	} {
		t.Run(name, func(t *testing.T) {
			ci(t, c.ci)
			got, err := c.to.To("app")
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	ci(t, nil)
	_, err := publish.Destination{Repository: "x"}.To("app")
	require.ErrorIs(t, err, publish.ErrNoRegistry)
	_, err = publish.Destination{Registry: "https://registry.example.com"}.To("app")
	require.ErrorContains(t, err, "https://registry.example.com/app is no place for images")
	_, err = publish.Destination{Registry: "registry"}.To("app")
	require.ErrorContains(t, err, `"registry" is no registry`)
	_, err = publish.Destination{Registry: "registry.example.com", Repository: "a//b"}.To("app")
	require.ErrorContains(t, err, "is no place for images")
}

func TestTagsOf(t *testing.T) {
	commit := strings.Repeat("a", 40)
	for name, c := range map[string]struct {
		commit string
		ref    revision.Ref
		asked  []string
		want   []string
	}{
		"nothing checked out": {commit: commit, want: []string{commit}},
		"branch":              {commit: commit, ref: revision.Ref{Branch: "feature/Some thing"}, want: []string{commit, "feature-Some-thing"}},
		"default branch":      {commit: commit, ref: revision.Ref{Branch: "main", Default: true}, want: []string{commit, "main", "latest"}},
		"tag":                 {commit: commit, ref: revision.Ref{Tag: "v1.2.3+build"}, want: []string{commit, "v1.2.3-build"}},
		"changes":             {commit: commit + "-dirty", ref: revision.Ref{Branch: "main", Default: true}, want: []string{commit + "-dirty"}},
		"no repository":       {commit: revision.Unknown, ref: revision.Ref{Branch: "main", Default: true}, want: []string{"dev"}},
		"asked for":           {commit: commit, ref: revision.Ref{Branch: "main", Default: true}, asked: []string{"1.0", "1", "1"}, want: []string{"1.0", "1"}},
		"long":                {commit: commit, ref: revision.Ref{Branch: "." + strings.Repeat("x", 200)}, want: []string{commit, strings.Repeat("x", 128)}},
		"nothing left":        {commit: commit, ref: revision.Ref{Branch: "..."}, want: []string{commit}},
	} {
		t.Run(name, func(t *testing.T) {
			d := publish.Destination{Tags: c.asked}
			require.Equal(t, c.want, d.TagsOf(revision.Revision{Commit: c.commit}, c.ref))
		})
	}
}
