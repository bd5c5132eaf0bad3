package engine_test

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestUnixSocket(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		socket := e.c.Host().UnixSocket(agent(t))
		ctr := e.box(t).WithEnvVariable("N", unique()).WithEnvVariable("DIR", "/run/host").WithWorkdir("/run").
			WithUnixSocket("host/sock", socket)
		require.Equal(t, "you say hello\n", run(t, ctr, "ask", "/run/host/sock", "hello"))
		require.Contains(t, run(t, ctr, "stat", "/run/host/sock"), " socket 0600 0:0 ")
		require.NotEmpty(t, fails(t, ctr.WithUser("1000"), "ask", "/run/host/sock", "hello").Stderr, "others may not connect")

		owned := ctr.WithUnixSocket("$DIR/sock", socket, dagger.ContainerWithUnixSocketOpts{Owner: "1000:1001", Expand: true})
		require.Contains(t, run(t, owned, "stat", "/run/host/sock"), " socket 0600 1000:1001 ")
		require.Equal(t, "you say hello\n", run(t, owned.WithUser("1000"), "ask", "/run/host/sock", "hello"))
		mounts, err := owned.Mounts(ctx)
		require.NoError(t, err)
		require.Empty(t, mounts)

		gone := owned.WithoutUnixSocket("${DIR}/sock/", dagger.ContainerWithoutUnixSocketOpts{Expand: true})
		require.NotEmpty(t, fails(t, gone, "ask", "/run/host/sock", "hello").Stderr)
		after := ctr.WithExec(box("ask", "/run/host/sock", "hello")).WithoutUnixSocket("host/sock")
		ok, err := after.Exists(ctx, "host/sock")
		require.NoError(t, err)
		require.False(t, ok, "nothing of it stays in the file system")
	})
}

func TestUnixSocketOfAService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		socket := e.c.Host().UnixSocket(agent(t))
		svc := e.box(t).WithEnvVariable("N", unique()).WithUnixSocket("/sock", socket).WithExposedPort(keeperPort).
			AsService(dagger.ContainerAsServiceOpts{Args: box("ask", "/sock", "hello", ";", "keep", "8080")})
		require.Empty(t, run(t, e.box(t).WithServiceBinding("store", svc), "get", "http://store:8080/set/a?v=1"))
	})
}
