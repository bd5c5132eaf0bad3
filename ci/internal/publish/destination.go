// Package publish says where images go: the repository, and the tags that a
// revision has. Start with Destination.
package publish

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/bodkin-ci/bodkin/ci/internal/revision"
)

// AppMark in a repository's name stands for the application.
const AppMark = "{app}"

// Destination is what the user says of where images go. What is left empty comes
// from the CI's variables.
type Destination struct {
	Registry   string   // host[:port]
	Repository string   // path within the registry, with AppMark or below which each application has its own
	Tags       []string // instead of those that the revision has
}

// ErrNoRegistry says that neither the user nor the CI names a registry.
var ErrNoRegistry = errors.New("no registry is named: use --registry, such as --registry registry.example.com --repository team/project (GitLab's and GitHub's own are known from their variables)")

// To returns the repository of an application, with its registry.
func (d Destination) To(app string) (string, error) {
	registry := strings.TrimSuffix(d.Registry, "/")
	if registry == "" {
		registry = ciRegistry()
	}
	if registry == "" {
		return "", ErrNoRegistry
	}
	repository := d.Repository
	if repository == "" {
		repository = ciRepository(registry)
	}
	repository = strings.Trim(repository, "/")
	switch {
	case strings.Contains(repository, AppMark):
		repository = strings.ReplaceAll(repository, AppMark, app)
	case repository == "":
		repository = app
	default:
		repository += "/" + app
	}
	full := registry + "/" + strings.ToLower(repository)
	named, err := reference.ParseNormalizedNamed(full)
	if err != nil {
		return "", fmt.Errorf("%s is no place for images: %w (--registry takes a host such as registry.example.com:5000, --repository a path such as team/project)", full, err)
	}
	if reference.Domain(named) != registry {
		return "", fmt.Errorf("%q is no registry: --registry takes a host such as registry.example.com:5000", registry)
	}
	return full, nil
}

// ciRegistry is the registry that belongs to the CI.
func ciRegistry() string {
	if registry := os.Getenv("CI_REGISTRY"); registry != "" { // GitLab
		return registry
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		return "ghcr.io"
	}
	return ""
}

// ciRepository is the name of the project that the CI works on.
func ciRepository(registry string) string {
	if path, ok := strings.CutPrefix(os.Getenv("CI_REGISTRY_IMAGE"), registry+"/"); ok {
		return path
	}
	if path := os.Getenv("CI_PROJECT_PATH"); path != "" {
		return path
	}
	return os.Getenv("GITHUB_REPOSITORY")
}

// Latest is the tag that the default branch has besides its own.
const Latest = "latest"

// TagsOf are the tags that an image of a revision gets: the commit, the branch or tag
// that was checked out, and Latest on the default branch. Changes that are not
// committed get the commit's marked name alone: nothing moves to them.
func (d Destination) TagsOf(rev revision.Revision, ref revision.Ref) []string {
	if len(d.Tags) > 0 {
		var tags []string
		for _, t := range d.Tags {
			tags = add(tags, t)
		}
		return tags
	}
	tags := add(nil, rev.Commit)
	if rev.Dirty() || rev.Commit == revision.Unknown {
		return tags
	}
	tags = add(tags, ref.Tag)
	tags = add(tags, ref.Branch)
	if ref.Default {
		tags = add(tags, Latest)
	}
	return tags
}

var notInTag = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// maxTag is how long a tag may be.
const maxTag = 128

// tag is name as a registry can have it: "feature/x" is feature-x.
func tag(name string) string {
	name = strings.TrimLeft(notInTag.ReplaceAllString(name, "-"), ".-")
	return name[:min(len(name), maxTag)]
}

func add(tags []string, name string) []string {
	if t := tag(name); t != "" && !slices.Contains(tags, t) {
		return append(tags, t)
	}
	return tags
}
