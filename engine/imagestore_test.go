package engine_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/dockertest"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// withoutDocker has nothing in the environment lead to a Docker daemon.
func withoutDocker(t *testing.T) {
	t.Helper()
	for _, name := range []string{"DAGGER_SESSION_PORT", "BUILDKIT_HOST", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} {
		t.Setenv(name, "")
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
}

// onStores runs a test with a Docker daemon of each image store in DOCKER_HOST.
func onStores(t *testing.T, test func(t *testing.T, d *dockertest.Docker, classic bool)) {
	t.Helper()
	enginetest.Needs(t)
	for name, containerd := range map[string]bool{"classic": false, "containerd": true} {
		t.Run(name, func(t *testing.T) {
			d, err := dockertest.Start(t.Context(), dockertest.Options{Box: enginetest.Testbox(t), Containerd: containerd})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, d.Close()) })
			withoutDocker(t)
			t.Setenv("DOCKER_HOST", "unix://"+d.Socket)
			test(t, d, !containerd)
		})
	}
}

// Images get into Docker's store from any engine, the same from each, and back.
func TestExportImageToDocker(t *testing.T) {
	onStores(t, func(t *testing.T, d *dockertest.Docker, classic bool) {
		ctx := t.Context()
		docker, err := dial.Docker(dial.HostDocker)
		require.NoError(t, err)
		t.Cleanup(func() { _ = docker.Close() })
		content := unique()
		ids := map[string]bool{}
		for _, address := range []string{engine.Embedded, engine.Docker} {
			e := &env{Engine: enginetest.Engine{Address: address}}
			e.c = e.connect(t)
			image := e.finished(t, e.c).WithNewFile("/content", content)
			name := "example.com/team/" + address
			require.NoError(t, image.ExportImage(ctx, name+":1"))
			found, err := docker.ImageInspect(ctx, name+":1")
			require.NoError(t, err)
			ids[found.ID] = true
			require.Equal(t, box("echo", "entry"), found.Config.Entrypoint)
			require.Equal(t, "worker", found.Config.User)
			require.Equal(t, "amd64", found.Architecture)

			again := e.c.Host().ContainerImage(name + ":1")
			require.Equal(t, content, contents(t, again.File("/content")))
			require.Equal(t, "entry cmd\n", mustStdout(t, again.WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true})))

			require.NoError(t, image.ExportImage(ctx, name))
			latest, err := docker.ImageInspect(ctx, name+":latest")
			require.NoError(t, err)
			require.Equal(t, found.ID, latest.ID)
			_, err = e.c.Host().ContainerImage("example.com/none").Sync(ctx)
			require.ErrorContains(t, err, "has no image example.com/none:latest")
			require.ErrorContains(t, image.ExportImage(ctx, name+"@sha256:"+content), "invalid image reference")
			requirePlatforms(t, e, d, classic)
		}
		require.Len(t, ids, 1, "both engines make the same image")
	})
}

// The ci program's package --load.
func TestPackageLoads(t *testing.T) {
	enginetest.Needs(t)
	d, err := dockertest.Start(t.Context(), dockertest.Options{Box: enginetest.Testbox(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	withoutDocker(t)
	t.Setenv("DOCKER_HOST", "unix://"+d.Socket)
	app := filepath.Join(hostTree(t, map[string]string{
		"loaded/go.mod":  "module example.com/loaded\n\ngo 1.26\n",
		"loaded/main.go": "package main\n\nfunc main() { println(\"loaded\") }\n",
	}), "loaded")
	ci := exec.CommandContext(t.Context(), "go", "run", "../ci", "package", "--load", "--engine", engine.Embedded, "--source", app, "--output", t.TempDir())
	said, err := ci.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "docker run loaded:latest")
	docker, err := dial.Docker(dial.HostDocker)
	require.NoError(t, err)
	defer docker.Close()
	found, err := docker.ImageInspect(t.Context(), "loaded")
	require.NoError(t, err)
	require.Equal(t, "loaded", found.Config.Labels["org.opencontainers.image.title"])
}

// requirePlatforms exports an image for several platforms: that needs a store that
// knows such.
func requirePlatforms(t *testing.T, e *env, d *dockertest.Docker, classic bool) {
	t.Helper()
	ctx := t.Context()
	image := func(arch string) *dagger.Container {
		return e.c.Container(dagger.ContainerOpts{Platform: dagger.Platform("linux/" + arch)}).WithNewFile("/arch", arch)
	}
	err := image("amd64").ExportImage(ctx, "both", dagger.ContainerExportImageOpts{PlatformVariants: []*dagger.Container{image("arm64")}})
	if classic {
		version, versionErr := d.Version(ctx)
		require.NoError(t, versionErr)
		require.ErrorContains(t, err, "the classic image store of Docker "+version+" cannot do this: keeping an image for several platforms")
		return
	}
	require.NoError(t, err)
	require.Equal(t, "amd64", contents(t, e.c.Host().ContainerImage("both").File("/arch")))
}

// Where no Docker keeps images, that is said before anything is built.
func TestExportImageWithoutDocker(t *testing.T) {
	enginetest.Needs(t)
	withoutDocker(t)
	c := enginetest.Connect(t)
	image := boxIn(t, c).WithExec(box("false"))
	if dial.DefaultDockerSocket() == "" {
		require.ErrorContains(t, image.ExportImage(t.Context(), "x"), "there is no Docker on this machine that keeps images")
	}
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	require.ErrorContains(t, image.ExportImage(t.Context(), "x"), "the Docker that is to keep the image does not answer")
	_, err := c.Host().ContainerImage("x").Sync(t.Context())
	require.ErrorContains(t, err, "does not answer")
}

func mustStdout(t *testing.T, ctr *dagger.Container) string {
	t.Helper()
	out, err := ctr.Stdout(t.Context())
	require.NoError(t, err)
	return out
}
