package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// boxStage is the first stage of test Dockerfiles: the test program and a shell
// that is made of it.
const boxStage = `FROM scratch AS box
COPY box /bin/box
SHELL ["/bin/box", "sh"]
`

// dockerContext is a build context with a Dockerfile that begins with boxStage.
func dockerContext(t *testing.T, c *dagger.Client, rest string, files map[string]string) *dagger.Directory {
	t.Helper()
	return (&env{c: c}).treeOf(files).WithNewFile("Dockerfile", boxStage+rest).WithFile("box", c.Host().File(enginetest.Testbox(t)))
}

// dockerBuild builds a Dockerfile that begins with boxStage.
func (e *env) dockerBuild(t *testing.T, rest string, o dagger.DirectoryDockerBuildOpts) *dagger.Container {
	t.Helper()
	return dockerContext(t, e.c, rest, nil).DockerBuild(o)
}

// told returns what the progress of a session has told.
func (e *env) told(t *testing.T, use func(c *dagger.Client)) string {
	t.Helper()
	told := &statuses{}
	c := e.connect(t, engine.WithProgress(told.add))
	use(c)
	require.NoError(t, c.Close())
	return told.text()
}

func arg(name, value string) dagger.BuildArg { return dagger.BuildArg{Name: name, Value: value} }

func TestDockerBuild(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const rest = `
ARG WHAT=nothing
ENV SEEN=$WHAT
WORKDIR /work
COPY hello.txt sub/ ./
RUN write made $SEEN && echo built $WHAT
FROM box AS last
COPY --from=box --chmod=0640 --chown=7:8 /work/made /made
USER 7:8
RUN ["/bin/box", "stat", "/made"]
`
		what := "w-" + unique()
		text := e.told(t, func(c *dagger.Client) {
			dir := dockerContext(t, c, rest, map[string]string{"hello.txt": "hi", "sub/a/b": "b"})
			ctr := dir.DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{arg("WHAT", what)}})
			require.Equal(t, lines("7 8 [8]", "/work", what), run(t, ctr, "id", ";", "pwd", ";", "env", "SEEN"))
			require.Equal(t, []string{"a/", "hello.txt", "made"}, entries(t, ctr.Directory("/work")))
			require.Equal(t, what, contents(t, ctr.File("/work/made")))
			require.Contains(t, run(t, ctr, "stat", "/made"), "/made file 0640 7:8")
		})
		require.Contains(t, text, "RUN write made "+what, "steps are named as Docker names them")
		require.Contains(t, text, "built "+what, "and their output is shown")
	})
}

func TestDockerBuildTargetsAndArguments(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		const stages = `
ARG GLOBAL=global
FROM box AS first
ARG BUILDPLATFORM
ARG TARGETPLATFORM
ARG TARGETARCH
ARG TARGETSTAGE
ARG GLOBAL
ARG OWN=own
RUN write /seen $BUILDPLATFORM $TARGETPLATFORM $TARGETARCH $TARGETSTAGE $GLOBAL $OWN
FROM box AS second
RUN exit 7
FROM first AS third
RUN write /third $OWN
`
		first := dagger.DirectoryDockerBuildOpts{Target: "first"}
		ctr := dockerContext(t, e.c, "", nil).
			WithNewFile("Dockerfile", "ARG GLOBAL=global\n"+boxStage+strings.TrimPrefix(stages, "\nARG GLOBAL=global\n")).DockerBuild(first)
		require.Equal(t, "linux/amd64 linux/amd64 amd64 first global own", contents(t, ctr.File("/seen")), "a stage that is not needed does not run")

		first.BuildArgs = []dagger.BuildArg{arg("OWN", "mine")}
		first.Target = "third"
		ctr = dockerContext(t, e.c, "", nil).WithNewFile("Dockerfile", boxStage+strings.Replace(stages, "ARG GLOBAL=global", "", 1)).DockerBuild(first)
		require.Equal(t, "mine", contents(t, ctr.File("/third")))

		arm := e.c.Directory().WithNewFile("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY bin-$TARGETARCH /bin\n").
			WithNewFile("bin-arm64", "arm").WithNewFile("bin-amd64", "amd").
			DockerBuild(dagger.DirectoryDockerBuildOpts{Platform: "linux/arm64"})
		require.Equal(t, "arm", contents(t, arm.File("/bin")))
		platform, err := arm.Platform(t.Context())
		require.NoError(t, err)
		require.Equal(t, dagger.Platform("linux/arm64"), platform)
	})
}

func TestDockerBuildConfiguration(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		ctr := e.dockerBuild(t, `
ENV A=1 B="two words"
LABEL kind=test
EXPOSE 8080 53/udp
VOLUME /data
STOPSIGNAL SIGINT
HEALTHCHECK --interval=7s --retries=2 CMD ["/bin/box", "true"]
ONBUILD RUN write /triggered yes
ENTRYPOINT ["/bin/box", "echo"]
CMD ["from", "cmd"]
WORKDIR /work
USER 12:34
`, dagger.DirectoryDockerBuildOpts{})
		out, err := ctr.WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(ctx)
		require.NoError(t, err)
		require.Equal(t, "from cmd\n", out)
		require.Equal(t, lines("12 34 [34]", "/work", "1", "two words"), run(t, ctr, "id", ";", "pwd", ";", "env", "A", "B"))
		ports, err := ctr.ExposedPorts(ctx)
		require.NoError(t, err)
		require.Len(t, ports, 2)

		empty := e.c.Directory().WithNewFile("Dockerfile", "FROM scratch\nENV A=1\n").DockerBuild()
		require.Empty(t, entries(t, empty.Rootfs()))
		value, err := empty.EnvVariable(ctx, "A")
		require.NoError(t, err)
		require.Equal(t, "1", value)

		path := filepath.Join(t.TempDir(), "image.tar")
		_, err = ctr.Export(ctx, path, dagger.ContainerExportOpts{MediaTypes: dagger.ImageMediaTypesDockerMediaTypes})
		require.NoError(t, err)
		config := exportedConfig(t, path)
		require.Equal(t, map[string]any{"/data": map[string]any{}}, config["Volumes"])
		require.Equal(t, "SIGINT", config["StopSignal"])
		require.Equal(t, map[string]any{"kind": "test"}, config["Labels"])
		require.Equal(t, []any{"CMD", "/bin/box", "true"}, config["Healthcheck"].(map[string]any)["Test"])
		require.Equal(t, []any{"RUN write /triggered yes"}, config["OnBuild"])
		require.Equal(t, []any{"/bin/box", "sh"}, config["Shell"])
	})
}

// exportedConfig is the configuration of the only image in an archive.
func exportedConfig(t *testing.T, path string) map[string]any {
	t.Helper()
	img := archived(t, path)
	raw, err := img.RawConfigFile()
	require.NoError(t, err)
	var file struct{ Config map[string]any }
	require.NoError(t, json.Unmarshal(raw, &file))
	return file.Config
}

func archived(t *testing.T, path string) v1.Image {
	t.Helper()
	img, err := tarball.ImageFromPath(path, nil)
	require.NoError(t, err)
	return img
}

// The image of a Dockerfile has the same bytes on every engine.
func TestDockerBuildSameEverywhere(t *testing.T) {
	var mu sync.Mutex
	sums := map[string]string{}
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.dockerBuild(t, "RUN mkdir /made && write /made/file text\nCMD echo hi\n", dagger.DirectoryDockerBuildOpts{})
		sum := digestOf(t, ctr.AsTarball())
		mu.Lock()
		defer mu.Unlock()
		sums[e.Name] = sum
		for name, other := range sums {
			require.Equal(t, other, sum, name)
		}
	})
}

func TestDockerBuildFromRegistry(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		host := startRegistry(t, "")
		img := testImage(t, unique())
		file, err := img.ConfigFile()
		require.NoError(t, err)
		file = file.DeepCopy()
		file.Config.OnBuild = []string{"RUN [\"/bin/box\", \"write\", \"/tmp-by-onbuild\", \"yes\"]"}
		file.Config.User = "root"
		img, err = mutate.ConfigFile(img, file)
		require.NoError(t, err)
		push(t, host+"/team/base:1", indexOf(t, img))

		dir := e.c.Directory().WithNewFile("Dockerfile", "ARG BASE\nFROM ${BASE}\nUSER worker\nRUN [\"/bin/box\", \"id\"]\n")
		ctr := dir.DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{arg("BASE", host+"/team/base:1")}})
		requireTestImage(t, ctr)
		require.Equal(t, "yes", contents(t, ctr.File("/tmp-by-onbuild")))

		for ref, want := range map[string]string{
			host + "/team/none:1": "Dockerfile:2: .*" + host + "/team/none:1.*not found",
			"a:b:c":               "Dockerfile:2: .*invalid reference format",
		} {
			_, err = dir.DockerBuild(dagger.DirectoryDockerBuildOpts{BuildArgs: []dagger.BuildArg{arg("BASE", ref)}}).Sync(ctx)
			require.Error(t, err)
			require.Regexp(t, want, err.Error())
		}
	})
}

func TestDockerBuildIgnores(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		files := map[string]string{
			".dockerignore":                 "# what stays out\n*\n!keep\nkeep/*.log\n",
			"other.Dockerfile":              "FROM scratch\nCOPY . /\n",
			"other.Dockerfile.dockerignore": "keep\n.dockerignore\n*ockerfile*\n",
			"Dockerfile":                    "FROM scratch\nCOPY . /\n",
			"keep/a":                        "a", "keep/b.log": "b", "gone/c": "c", "d": "d",
		}
		host := hostTree(t, files)
		for name, dir := range map[string]*dagger.Directory{
			"made up":     e.treeOf(files),
			"of the host": e.c.Host().Directory(host),
			"within":      e.c.Directory().WithDirectory("/in/it", e.treeOf(files)).Directory("in/it"),
		} {
			require.Equal(t, []string{"keep/", "keep/a"}, all(t, dir.DockerBuild().Rootfs()), name)
			other := dir.DockerBuild(dagger.DirectoryDockerBuildOpts{Dockerfile: "other.Dockerfile"})
			require.Equal(t, []string{"d", "gone/", "gone/c"}, all(t, other.Rootfs()), name)
		}
		loaded := e.c.Host().Directory(host, dagger.HostDirectoryOpts{Exclude: []string{"keep/a"}})
		require.NotContains(t, entries(t, loaded.Directory("keep")), "a")
		require.Equal(t, []string{"keep/"}, all(t, loaded.DockerBuild().Rootfs()), "what was not loaded does not come back")
	})
}

// What .dockerignore names of a folder of the host does not travel: a file that
// cannot be sent is no hindrance.
func TestDockerBuildSendsOnlyTheContext(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		host := hostTree(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY a /\n", ".dockerignore": "bad-*\n", "a": "a"})
		require.NoError(t, os.WriteFile(filepath.Join(host, "bad-\xff"), nil, 0o600))
		require.Equal(t, []string{"a"}, entries(t, e.c.Host().Directory(host).DockerBuild().Rootfs()))
	})
}
