package host_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
	"github.com/bodkin-ci/bodkin/ci/internal/problem"
)

// clean takes the variables of the CI that runs these tests away.
func clean(t *testing.T) {
	t.Helper()
	for _, name := range host.Variables() {
		t.Setenv(name, "")
	}
}

func TestDetect(t *testing.T) {
	for want, env := range map[host.CI][]string{
		host.None:       {"CI=false"},
		host.GitHub:     {"CI=true", "GITHUB_ACTIONS=true"},
		host.GitLab:     {"CI=true", "GITLAB_CI=true"},
		host.Drone:      {"CI=true", "DRONE=true"},
		host.Woodpecker: {"CI=woodpecker", "DRONE=true"},
		host.CircleCI:   {"CI=true", "CIRCLECI=true"},
		host.CodeBuild:  {"CI=true", "CODEBUILD_BUILD_ID=a:b"},
		host.Azure:      {"TF_BUILD=True"},
		host.Buildkite:  {"CI=true", "BUILDKITE=true"},
		host.Jenkins:    {"JENKINS_URL=https://jenkins.example.com"},
		host.Other:      {"CI=true"},
	} {
		t.Run("is "+string(want), func(t *testing.T) {
			clean(t)
			require.Equal(t, host.None, host.Detect())
			for _, entry := range env {
				name, value, _ := strings.Cut(entry, "=")
				t.Setenv(name, value)
			}
			require.Equal(t, want, host.Detect())
		})
	}
}

func TestGroups(t *testing.T) {
	now := func() time.Time { return time.Unix(1700000000, 0) }
	for ci, want := range map[host.CI]string{
		host.GitHub:    "::group::build go-api\nx\n::endgroup::\n",
		host.GitLab:    "\x1b[0Ksection_start:1700000000:build_go-api[collapsed=true]\r\x1b[0Kbuild go-api\nx\n\x1b[0Ksection_end:1700000000:build_go-api\r\x1b[0K\n",
		host.Azure:     "##[group]build go-api\nx\n##[endgroup]\n",
		host.Buildkite: "--- build go-api\nx\n",
		host.Jenkins:   "x\n",
		host.None:      "x\n",
	} {
		var out bytes.Buffer
		end := ci.Group(&out, "build go-api", now)
		out.WriteString("x\n")
		end()
		require.Equal(t, want, out.String())
	}
}

func TestAnnotations(t *testing.T) {
	p := problem.Problem{File: "a,b:c.go", Line: 3, Column: 9, Message: "100% wrong\nreally", Title: "build app"}
	for ci, want := range map[host.CI]string{
		host.GitHub: "::error file=a%2Cb%3Ac.go,line=3,col=9,title=build app::100%25 wrong%0Areally\n",
		host.Azure:  "##vso[task.logissue type=error;sourcepath=a,b:c.go;linenumber=3;columnnumber=9]100%25 wrong%0Areally\n",
		host.GitLab: "",
	} {
		var out bytes.Buffer
		ci.Annotate(&out, []problem.Problem{p})
		require.Equal(t, want, out.String())
	}
	var out bytes.Buffer
	host.GitHub.Annotate(&out, make([]problem.Problem, 100))
	require.Equal(t, 10, strings.Count(out.String(), "\n"), "GitHub shows no more")
}

// What a test prints must not set variables or hide lines of the log.
func TestForeignTextGivesNoCommands(t *testing.T) {
	require.Equal(t, "::stop-commands::T\n::add-mask::a\n::T::\n", host.GitHub.Foreign("::add-mask::a\n", "T"))
	require.Equal(t, "plain\n", host.GitHub.Foreign("plain\n", "T"))
	require.Equal(t, "::add-mask::a\n", host.GitLab.Foreign("::add-mask::a\n", "T"))
}

func TestSummarize(t *testing.T) {
	clean(t)
	require.NoError(t, host.GitHub.Summarize("lost"))
	file := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", file)
	require.NoError(t, host.GitHub.Summarize("one\n"))
	require.NoError(t, host.GitHub.Summarize("two\n"))
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\n", string(content), "other steps have a part in it")

	require.NoError(t, host.GitHub.Summarize(strings.Repeat("long\n", 1<<20)))
	require.NoError(t, host.GitHub.Summarize("no room"))
	content, err = os.ReadFile(file)
	require.NoError(t, err)
	require.LessOrEqual(t, len(content), 1<<20, "GitHub drops larger ones")
	require.Contains(t, string(content), "more in the log")

	t.Setenv("GITHUB_STEP_SUMMARY", t.TempDir())
	require.ErrorContains(t, host.GitHub.Summarize("x"), "writing the step summary")
}

func TestQuality(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dist")
	require.NoError(t, host.GitHub.WriteQuality(dir, nil))
	require.NoDirExists(t, dir)

	require.NoError(t, host.GitLab.WriteQuality(dir, []problem.Problem{{File: "a.go", Line: 3, Message: "m", Title: "lint app"}, {File: "b.go"}}))
	content, err := os.ReadFile(filepath.Join(dir, host.QualityFile))
	require.NoError(t, err)
	var issues []struct {
		Description, Fingerprint, Severity string
		CheckName                          string `json:"check_name"`
		Location                           struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	require.NoError(t, json.Unmarshal(content, &issues))
	require.Len(t, issues, 2)
	require.Equal(t, "m", issues[0].Description)
	require.Equal(t, "lint app", issues[0].CheckName)
	require.Equal(t, "a.go", issues[0].Location.Path)
	require.Equal(t, 3, issues[0].Location.Lines.Begin)
	require.NotEqual(t, issues[0].Fingerprint, issues[1].Fingerprint)
	require.Equal(t, 1, issues[1].Location.Lines.Begin, "a file as a whole")

	require.NoError(t, host.GitLab.WriteQuality(dir, nil))
	content, err = os.ReadFile(filepath.Join(dir, host.QualityFile))
	require.NoError(t, err)
	require.Equal(t, "[]\n", string(content))
}
