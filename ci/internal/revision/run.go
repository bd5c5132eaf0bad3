package revision

import "os"

// RunURL is where the CI shows what is running, without credentials; "" where nobody
// says.
func RunURL() string {
	if server, repository, run := os.Getenv("GITHUB_SERVER_URL"), os.Getenv("GITHUB_REPOSITORY"), os.Getenv("GITHUB_RUN_ID"); server != "" && repository != "" && run != "" {
		return PublicURL(server + "/" + repository + "/actions/runs/" + run)
	}
	return PublicURL(firstEnv("CI_JOB_URL", "DRONE_BUILD_LINK", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL", "BUILD_URL"))
}
