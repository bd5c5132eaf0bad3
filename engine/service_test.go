package engine_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/proctest"
)

const keeperPort = 8080

// keeper is a service that keeps values, other than that of any other test.
func keeper(t *testing.T, c *dagger.Client) *dagger.Service {
	t.Helper()
	return boxIn(t, c).WithEnvVariable("TEST", t.Name()+time.Now().String()).WithExposedPort(keeperPort).
		AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
}

func TestServiceKeepsItsState(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		client := e.box(t).WithServiceBinding("store", keeper(t, e.c))
		run(t, client, "get", "http://store:8080/set/a?v=1")
		require.Equal(t, "1\n", run(t, client, "get", "http://store:8080/get/a"))
	})
}

func TestServiceRunsOnceForAll(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := keeper(t, e.c)
		starts := make([]string, 8)
		var group errgroup.Group
		for i := range starts {
			client := e.box(t).WithServiceBinding("store", svc).WithEnvVariable("CLIENT", strings.Repeat("x", i+1))
			group.Go(func() (err error) {
				starts[i], err = client.WithExec(box("get", "http://store:8080/start")).Stdout(t.Context())
				return err
			})
		}
		require.NoError(t, group.Wait())
		for _, start := range starts {
			require.Equal(t, starts[0], start)
		}
	})
}

func TestServiceOfACachedExecIsNotStarted(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		unique := time.Now().String()
		use := func(c *dagger.Client) string {
			svc := boxIn(t, c).WithEnvVariable("TEST", unique).WithExposedPort(keeperPort).
				AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
			return run(t, boxIn(t, c).WithServiceBinding("store", svc), "get", "http://store:8080/start")
		}
		first := &statuses{}
		start := use(e.connect(t, engine.WithProgress(first.add)))
		require.Contains(t, first.text(), "keeping on port 8080")
		second := &statuses{}
		require.Equal(t, start, use(e.connect(t, engine.WithProgress(second.add))))
		require.NotContains(t, second.text(), "keeping on port 8080")
	})
}

func TestServiceUsesService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		store := keeper(t, e.c)
		front := e.box(t).WithServiceBinding("store", store).WithExposedPort(9090).
			AsService(dagger.ContainerAsServiceOpts{Args: box("relate", ":9090", "http://store:8080/get/a")})
		run(t, e.box(t).WithServiceBinding("store", store), "get", "http://store:8080/set/a?v=through")
		require.Equal(t, "through\n", run(t, e.box(t).WithServiceBinding("front", front), "get", "http://front:9090/"))
	})
}

func TestServiceOfAnotherUser(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := e.box(t).WithEnvVariable("TEST", time.Now().String()).WithUser("1000").WithExposedPort(keeperPort).
			AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
		client := e.box(t).WithUser("2000").WithServiceBinding("store", svc)
		run(t, client, "get", "http://store:8080/set/a?v=2")
		require.Equal(t, "2\n", run(t, client, "get", "http://store:8080/get/a"))
	})
}

func TestServiceThatDies(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := e.box(t).WithEnvVariable("TEST", time.Now().String()).WithExposedPort(keeperPort).
			AsService(dagger.ContainerAsServiceOpts{Args: box("err", "no disk today", ";", "exit", "7")})
		_, err := e.box(t).WithServiceBinding("store", svc).WithExec(box("get", "http://store:8080/")).Sync(t.Context())
		require.ErrorContains(t, err, "did not start")
		require.ErrorContains(t, err, "no disk today")
		require.ErrorContains(t, err, "exit code: 7")
	})
}

func TestServiceByHand(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		svc := keeper(t, e.c)
		host, err := svc.Hostname(ctx)
		require.NoError(t, err)
		endpoint, err := svc.Endpoint(ctx, dagger.ServiceEndpointOpts{Scheme: "http"})
		require.NoError(t, err)
		require.Equal(t, "http://"+host+":8080", endpoint)
		_, err = svc.Start(ctx)
		require.NoError(t, err)
		client := e.box(t).WithServiceBinding("store", svc)
		first := run(t, client, "get", endpoint+"/start")
		_, err = svc.Stop(ctx)
		require.NoError(t, err)
		require.NotEqual(t, first, run(t, client, "get", "http://store:8080/start"), "it starts again when it is needed")
	})
}

func TestServicesEndWithTheSession(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		status := &statuses{}
		c, err := engine.Connect(context.Background(), engine.WithAddress(e.Address), engine.WithProgress(status.add))
		require.NoError(t, err)
		mark := "ends-" + time.Now().Format("150405.000000")
		svc := boxIn(t, c).WithExposedPort(keeperPort).AsService(dagger.ContainerAsServiceOpts{Args: append(box("keep", "8080"), mark)})
		_, err = svc.Start(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, proctest.Find(t, mark))
		require.NoError(t, c.Close())
		require.Empty(t, proctest.Find(t, mark))
	})
}

// The ports of a service are its clients' to listen on, whoever they are.
func TestLowPortOfAService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		svc := e.box(t).WithEnvVariable("TEST", unique()).WithExposedPort(80).
			AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "80")})
		client := e.box(t).WithUser("1000:1000").WithServiceBinding("store", svc)
		require.Equal(t, "0000000000000000\n", run(t, client, "ok", "http://store/start", ";", "caps"), "the command has no more rights")
	})
}
