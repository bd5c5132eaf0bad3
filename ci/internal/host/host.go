// Package host speaks to the CI that runs this program, in the words that it
// understands: log groups, annotations, a place for summaries. Start with Detect.
package host

import (
	"os"
	"path/filepath"
)

// CI is a continuous integration service, or None.
type CI string

// The services that are known by name. Other is one that only sets CI.
const (
	None       CI = ""
	GitHub     CI = "github" // and what takes its workflows: Gitea, Forgejo
	GitLab     CI = "gitlab"
	Drone      CI = "drone"
	Woodpecker CI = "woodpecker"
	CircleCI   CI = "circleci"
	CodeBuild  CI = "codebuild"
	Jenkins    CI = "jenkins"
	Azure      CI = "azure"
	Buildkite  CI = "buildkite"
	Other      CI = "other"
)

// marks are the variables that services set, and their value where others set
// the same one. Woodpecker comes before Drone, whose variables it may set too.
var marks = []struct {
	variable, value string
	ci              CI
}{
	{"GITHUB_ACTIONS", "true", GitHub},
	{"GITLAB_CI", "", GitLab},
	{"CI_SYSTEM_NAME", "woodpecker", Woodpecker},
	{"CI", "woodpecker", Woodpecker},
	{"DRONE", "", Drone},
	{"CIRCLECI", "", CircleCI},
	{"CODEBUILD_BUILD_ID", "", CodeBuild},
	{"TF_BUILD", "", Azure},
	{"BUILDKITE", "", Buildkite},
	{"JENKINS_URL", "", Jenkins},
}

// Detect returns the service that runs this program, by its own variables.
func Detect() CI {
	for _, mark := range marks {
		value := os.Getenv(mark.variable)
		if value != "" && (mark.value == "" || mark.value == value) {
			return mark.ci
		}
	}
	switch os.Getenv("CI") {
	case "", "0", "false":
		return None
	}
	return Other
}

// Variables names the variables that Detect and Root look at.
func Variables() []string {
	names := []string{"CI", summaryFile}
	for _, mark := range marks {
		names = append(names, mark.variable)
	}
	for _, name := range roots {
		names = append(names, name)
	}
	return names
}

var roots = map[CI]string{
	GitHub:    "GITHUB_WORKSPACE",
	GitLab:    "CI_PROJECT_DIR",
	CodeBuild: "CODEBUILD_SRC_DIR",
	Jenkins:   "WORKSPACE",
	Azure:     "BUILD_SOURCESDIRECTORY",
	Drone:     "DRONE_WORKSPACE",
}

// Root is the folder that the service's reports name files in: that of the
// checkout, else the current one.
func (c CI) Root() string {
	if dir := os.Getenv(roots[c]); roots[c] != "" && filepath.IsAbs(dir) {
		return dir
	}
	here, err := os.Getwd()
	if err != nil {
		return "."
	}
	return here
}
