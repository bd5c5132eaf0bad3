package revision

import (
	"context"
	"encoding/json"
	"os"
	"strings"
)

// Ref is what was checked out: a branch or a tag, or neither.
type Ref struct {
	Branch  string
	Tag     string
	Default bool // Branch is the repository's default branch
}

// RefOf returns what is checked out in the tree that dir is in. CIs check out
// commits without a branch, so their variables come first.
func RefOf(ctx context.Context, dir string) Ref {
	ref, known := ciRef()
	if !known {
		branch, ok := git(ctx, dir, "symbolic-ref", "--quiet", "--short", "HEAD")
		if !ok {
			return Ref{}
		}
		ref.Branch = branch
	}
	ref.Default = ref.Branch != "" && ref.Branch == defaultBranch(ctx, dir)
	return ref
}

// ciRef reads the variables of CIs; known says that there are any.
func ciRef() (ref Ref, known bool) {
	switch {
	case os.Getenv("GITLAB_CI") != "":
		return Ref{Branch: os.Getenv("CI_COMMIT_BRANCH"), Tag: os.Getenv("CI_COMMIT_TAG")}, true
	case os.Getenv("GITHUB_ACTIONS") != "":
		name := os.Getenv("GITHUB_REF_NAME")
		if os.Getenv("GITHUB_REF_TYPE") == "tag" {
			return Ref{Tag: name}, true
		}
		if strings.HasPrefix(os.Getenv("GITHUB_REF"), "refs/pull/") {
			return Ref{}, true // what is checked out is a merge that nobody has made yet
		}
		return Ref{Branch: name}, true
	}
	ref = Ref{
		Branch: firstEnv("DRONE_BRANCH", "CIRCLE_BRANCH", "BUILDKITE_BRANCH", "BRANCH_NAME"),
		Tag:    firstEnv("DRONE_TAG", "CIRCLE_TAG", "BUILDKITE_TAG", "TAG_NAME"),
	}
	if firstEnv("DRONE_PULL_REQUEST", "CIRCLE_PULL_REQUEST", "CHANGE_ID") != "" {
		return Ref{}, true
	}
	if ref.Tag != "" {
		ref.Branch = ""
	}
	return ref, ref != Ref{}
}

// defaultBranch asks the CI, then git; where neither knows, it is main.
func defaultBranch(ctx context.Context, dir string) string {
	if branch := firstEnv("CI_DEFAULT_BRANCH", "DRONE_REPO_BRANCH", "BUILDKITE_PIPELINE_DEFAULT_BRANCH"); branch != "" {
		return branch
	}
	if data, err := os.ReadFile(os.Getenv("GITHUB_EVENT_PATH")); err == nil {
		var event struct {
			Repository struct {
				DefaultBranch string `json:"default_branch"`
			} `json:"repository"`
		}
		if json.Unmarshal(data, &event) == nil && event.Repository.DefaultBranch != "" {
			return event.Repository.DefaultBranch
		}
	}
	if head, ok := git(ctx, dir, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"); ok {
		return strings.TrimPrefix(head, "origin/")
	}
	return "main"
}
