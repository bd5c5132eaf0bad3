package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// boxStage is the first stage of test Dockerfiles: the test program and a shell
// that is made of it.
const boxStage = `FROM scratch AS box
COPY box /bin/box
SHELL ["/bin/box", "sh"]
`

// dockerContext is a build context with a Dockerfile that begins with boxStage.
func (e *env) dockerContext(t *testing.T, rest string, files map[string]string) *dagger.Directory {
	t.Helper()
	return e.treeOf(files).WithNewFile("Dockerfile", boxStage+rest).WithFile("box", e.c.Host().File(enginetest.Testbox(t)))
}

func TestDockerBuild(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		dir := e.dockerContext(t, `
ARG WHAT=nothing
ENV SEEN=$WHAT
WORKDIR /work
COPY hello.txt sub/ ./
RUN write made $SEEN && echo built $WHAT
FROM box AS last
COPY --from=box --chmod=0640 --chown=7:8 /work/made /made
RUN ["/bin/box", "cat", "/made"]
USER 7:8
`, map[string]string{"hello.txt": "hi", "sub/a/b": "b"})
		ctr := dir.DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{{Name: "WHAT", Value: "w-" + unique()}}})
		_, err := ctr.Sync(ctx)
		require.NoError(t, err)
		require.Equal(t, lines("7 8 [8]", "/work"), run(t, ctr, "id", ";", "pwd"))
		require.Equal(t, []string{"a/", "hello.txt", "made"}, entries(t, ctr.Directory("/work")))
	})
}
