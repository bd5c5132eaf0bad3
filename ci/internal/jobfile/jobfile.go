// Package jobfile holds the files that have a CI run `go run ./ci check`, one for
// each CI, and knows which CI a repository is for. Start with Recognize, or with
// For where the CI is known.
package jobfile

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
)

//go:embed templates
var templates embed.FS

// File is a CI's job file.
type File struct {
	CI host.CI
	// Path is where the CI looks for it, relative to the repository's root.
	Path string
	// Embedded files run Bodkin's own engine in a privileged container; others
	// have Docker for an engine.
	Embedded bool

	template string
	marks    []string // what else is in a repository that uses the CI
	hosts    []string // beginnings or ends of its remote's host
}

// files are all job files; the first of a CI is the one that is written.
var files = []File{
	{CI: host.GitHub, Path: ".github/workflows/check.yml", template: "github.yml", marks: []string{".github/workflows", ".github"}, hosts: []string{"github."}},
	{CI: host.GitLab, Path: ".gitlab-ci.yml", template: "gitlab.yml", hosts: []string{"gitlab."}},
	{CI: host.GitLab, Path: ".gitlab-ci.yml", template: "gitlab-embedded.yml", Embedded: true},
	{CI: host.Drone, Path: ".drone.yml", template: "drone.yml", hosts: []string{"drone."}},
	{CI: host.Drone, Path: ".drone.yml", template: "drone-embedded.yml", Embedded: true},
	{CI: host.Woodpecker, Path: ".woodpecker.yml", template: "woodpecker.yml", marks: []string{".woodpecker", ".woodpecker.yaml"}, hosts: []string{"codeberg.org"}},
	{CI: host.CircleCI, Path: ".circleci/config.yml", template: "circleci.yml", marks: []string{".circleci"}},
	{CI: host.CodeBuild, Path: "buildspec.yml", template: "codebuild.yml", marks: []string{"buildspec.yaml"}, hosts: []string{"git-codecommit."}},
	{CI: host.Jenkins, Path: "Jenkinsfile", template: "jenkins.groovy"},
}

// All returns the job files.
func All() []File { return files }

// Names lists the CIs that there is a job file for.
func Names() []string {
	var names []string
	for _, f := range files {
		if !f.Embedded {
			names = append(names, string(f.CI))
		}
	}
	return names
}

// For returns the job file of the CI with this name. Not every CI has an
// embedded one.
func For(name string, embedded bool) (File, error) {
	known := false
	for _, f := range files {
		known = known || string(f.CI) == name
		if string(f.CI) == name && f.Embedded == embedded {
			return f, nil
		}
	}
	if known {
		return File{}, fmt.Errorf("there is no job file for %s with the embedded engine; leave --embedded out", name)
	}
	return File{}, fmt.Errorf("there is no CI %q; there is: %s", name, strings.Join(Names(), ", "))
}

// Recognize returns the name of the CI that the repository in dir uses: that of a
// job file which is there, else of its remote's host. remote is its URL,
// without credentials. It is "" where neither tells.
func Recognize(dir, remote string) string {
	for _, f := range files {
		for _, mark := range append([]string{f.Path}, f.marks...) {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(mark))); err == nil {
				return string(f.CI)
			}
		}
	}
	_, rest, _ := strings.Cut(remote, "://")
	hostName, _, _ := strings.Cut(rest, "/")
	for _, f := range files {
		for _, known := range f.hosts {
			if strings.HasPrefix(hostName, known) {
				return string(f.CI)
			}
		}
	}
	return ""
}

const (
	// sums is the file with the pipeline's modules, in the templates.
	sums = "ci/go.sum"
	// command is what the job runs.
	command = "go run ./ci check"
)

// Options are what differs between repositories.
type Options struct {
	// Sums is the file whose content says which modules the pipeline is made of.
	// Default "ci/go.sum".
	Sums string
	// Cache is where the job keeps its caches beyond the engine, "": nowhere. It may
	// have variables of the CI in it.
	Cache string
}

// CheckCache says why a place for caches cannot stand in a job file.
func CheckCache(place string) error {
	if strings.ContainsAny(place, " \t\n'\"\\#") || strings.HasPrefix(place, "-") {
		return fmt.Errorf("%q cannot be written into a job file: use a place without spaces, quotes and backslashes", place)
	}
	return nil
}

// Content returns the file for a repository.
func (f File) Content(o Options) []byte {
	content, err := templates.ReadFile("templates/" + f.template)
	if err != nil {
		panic(err) // a name in the list above is wrong
	}
	text := string(content)
	if o.Sums != "" {
		text = strings.ReplaceAll(text, sums, o.Sums)
	}
	if o.Cache != "" {
		text = strings.Replace(text, command, command+" --cache "+o.Cache, 1)
	}
	return []byte(text)
}
