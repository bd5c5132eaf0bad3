package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/dockertest"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// Docker 20.10 edits files; that it cannot run commands is said by name.
func TestOldDocker(t *testing.T) {
	t.Parallel()
	enginetest.Needs(t)
	d, err := dockertest.Start(t.Context(), dockertest.Options{Box: enginetest.Testbox(t), Suite: "bookworm"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	version, err := d.Version(t.Context())
	require.NoError(t, err)
	e := &env{Engine: enginetest.Engine{Name: "old", Address: "docker+unix://" + d.Socket, Docker: true}}
	e.c = e.connect(t)
	dir := e.c.Directory().WithNewFile("a/f", "text").WithDirectory("b", e.c.Host().Directory(hostTree(t, map[string]string{"g": "2"})))
	require.Equal(t, []string{"a/", "a/f", "b/", "b/g"}, all(t, dir))
	_, err = e.box(t).WithExec(box("true")).Sync(t.Context())
	require.ErrorContains(t, err, "Docker "+version+" cannot do this: running commands")
	_, err = dir.Filter(dagger.DirectoryFilterOpts{Include: []string{"a"}}).Entries(t.Context())
	require.ErrorContains(t, err, "Docker "+version+" cannot do this: copying with include or exclude patterns")
}

// A root file system without accounts cannot have other users on Docker.
func TestUserWithoutAccounts(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.bare(t).WithUser("1000")
		if e.Docker {
			_, err := ctr.WithExec(box("id")).Sync(t.Context())
			require.ErrorContains(t, err, "/etc/passwd and /etc/group")
		} else {
			require.Equal(t, "1000 0 [0]\n", run(t, ctr, "id"))
		}
		require.Equal(t, "1000 1001 [1001]\n", run(t, e.bare(t).WithUser("1000:1001"), "id"))
	})
}

// DOCKER_HOST leads to the daemon, and its state is its own.
func TestDockerHost(t *testing.T) {
	enginetest.Needs(t)
	d, err := dockertest.Start(t.Context(), dockertest.Options{Box: enginetest.Testbox(t), Containerd: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	for _, name := range []string{"DAGGER_SESSION_PORT", "BUILDKIT_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} {
		t.Setenv(name, "")
	}
	t.Setenv("DOCKER_HOST", "unix://"+d.Socket)
	c, err := engine.Connect(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.Equal(t, "hi\n", run(t, boxIn(t, c), "echo", "hi"))
	_, err = os.Stat(filepath.Join(d.State, "data", "containerd"))
	require.NoError(t, err, "images are containerd's")

	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	t.Setenv("DOCKER_TLS_VERIFY", "1")
	t.Setenv("DOCKER_CERT_PATH", t.TempDir())
	_, err = engine.Connect(t.Context())
	require.ErrorContains(t, err, "reading the TLS certificates")
}
