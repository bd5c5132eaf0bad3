package engine_test

import (
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestDockerBuildErrors(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		type opts = dagger.DirectoryDockerBuildOpts
		for name, c := range map[string]struct {
			rest string
			opts opts
			want string
		}{
			"unknown instruction": {"\nRUM echo", opts{}, `Dockerfile:5: .*unknown instruction: RUM`},
			"bad flag":            {"COPY --mode=1 a b", opts{}, `Dockerfile:4: .*unknown flag: --mode`},
			"unknown stage":       {"", opts{Target: "bax"}, `Dockerfile: target stage "bax" could not be found.*box`},
			"unknown source":      {"COPY --from=9 a b", opts{}, `Dockerfile.*invalid stage index 9`},
			"blank base":          {"FROM ${BASE}", opts{}, `Dockerfile:4: base name \(\$\{BASE\}\) should not be blank`},
			"missing file":        {"COPY none /", opts{}, `Dockerfile:4: "/none": not found`},
			"no command":          {`RUN ["/bin/none"]`, opts{}, `Dockerfile:4: .*/bin/none`},
			"bad user":            {"USER nobody\nRUN true", opts{}, `Dockerfile:5: .*nobody`},
			"all rights":          {"RUN --security=insecure true", opts{}, `Dockerfile:4: RUN --security=insecure is not allowed`},
			"host's network":      {"RUN true\nRUN --network=host true", opts{}, `Dockerfile:5: RUN --network=host is not allowed`},
			"no agent":            {"RUN --mount=type=ssh,required=true true", opts{}, `Dockerfile:4: RUN --mount=type=ssh needs an SSH agent.*option ssh`},
			"check":               {"", opts{Dockerfile: "checked"}, `checked.*lint violation`},
			"bad argument":        {"", opts{BuildArgs: []dagger.BuildArg{arg("BUILDKIT_MULTI_PLATFORM", "x")}}, `invalid boolean value`},
			"no such Dockerfile":  {"", opts{Dockerfile: "sub/none"}, `no file sub/none.*option dockerfile`},
			"a folder":            {"", opts{Dockerfile: "folder"}, `folder is a directory`},
			"other syntax":        {"", opts{Dockerfile: "foreign"}, `foreign:1: syntax example.com/team/frontend:1 is not served`},
			"syntax argument":     {"", opts{BuildArgs: []dagger.BuildArg{arg("BUILDKIT_SYNTAX", "team/frontend")}}, `Dockerfile: syntax team/frontend is not served`},
			"check argument":      {"WORKDIR rel", opts{BuildArgs: []dagger.BuildArg{arg("BUILDKIT_DOCKERFILE_CHECK", "error=true")}}, `Dockerfile: lint violation`},
			"bad ignore file":     {"", opts{Dockerfile: "bad"}, `bad.dockerignore: .*syntax error in pattern`},
			"bad platform":        {"", opts{Platform: "a/b/c/d"}, `invalid platform "a/b/c/d"`},
			"empty":               {"", opts{Dockerfile: "empty"}, `empty: .*Dockerfile cannot be empty`},
		} {
			dir := dockerContext(t, e.c, c.rest, map[string]string{
				"foreign": "# syntax=example.com/team/frontend:1\nFROM scratch\n", "folder/": "", "empty": "",
				"checked": "# check=error=true\nFROM scratch AS Upper\nCOPY checked /\n",
				"bad":     "FROM scratch\n", "bad.dockerignore": "[\n",
			})
			_, err := dir.DockerBuild(c.opts).Sync(t.Context())
			require.Error(t, err, name)
			require.Regexp(t, c.want, err.Error(), name)
		}
		_, err := e.c.Host().Directory(t.TempDir()).DockerBuild().Sync(t.Context())
		require.ErrorContains(t, err, "no file Dockerfile")
	})
}

func TestDockerBuildFailedRun(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		_, err := e.dockerBuild(t, "RUN true\n\nRUN echo out ; err oops ; exit 42", dagger.DirectoryDockerBuildOpts{}).Sync(t.Context())
		var failed *dagger.ExecError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, 42, failed.ExitCode)
		require.Equal(t, "out\n", failed.Stdout)
		require.Equal(t, "oops\n", failed.Stderr)
		require.Equal(t, box("sh", "echo out ; err oops ; exit 42"), failed.Cmd)
		require.ErrorContains(t, err, "Dockerfile:6: process")
	})
}

// A line that names the frontend's usual image changes nothing.
func TestDockerBuildSyntaxLine(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		for _, line := range []string{"# syntax=docker/dockerfile:1.7-labs\n", "# syntax=registry.example.com/docker/dockerfile-upstream:master\n"} {
			dir := e.c.Directory().WithNewFile("dockerfile", line+"FROM scratch\nCOPY dockerfile /\n")
			require.Equal(t, []string{"dockerfile"}, entries(t, dir.DockerBuild().Rootfs()), line)
		}
	})
}

func TestDockerBuildWarnings(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		text := e.told(t, func(c *dagger.Client) {
			ctr := dockerContext(t, c, "ENV API_TOKEN=x\nWORKDIR relative\n", nil).DockerBuild()
			_, err := ctr.Sync(t.Context())
			require.NoError(t, err)
			_, err = ctr.Workdir(t.Context())
			require.NoError(t, err)
		})
		require.Equal(t, 1, strings.Count(text, "check Dockerfile\n"), "told once in a session")
		require.Regexp(t, `WorkdirRelativePath: .*\(line 5\)`, text)
		require.Contains(t, text, "SecretsUsedInArgOrEnv: ")
	})
}
