package conformance

import (
	"fmt"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// keeper is a service that keeps values over HTTP at port 8080.
func (e *env) keeper(t *testing.T) *dagger.Service {
	return e.box(t).WithEnvVariable("N", unique()).WithExposedPort(8080).
		AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080")})
}

func testServiceBinding(t *testing.T, e *env) {
	client := e.box(t).WithServiceBinding("store", e.keeper(t))
	run(t, client, "get", "http://store:8080/set/a?v=1")
	require.Equal(t, "1\n", run(t, client, "get", "http://store:8080/get/a"))
}

func testServiceLife(t *testing.T, e *env) {
	ctx := t.Context()
	service := e.keeper(t).WithHostname("kept")
	ports, err := service.Ports(ctx)
	require.NoError(t, err)
	require.Len(t, ports, 1)
	name, err := service.Hostname(ctx)
	require.NoError(t, err)
	require.Equal(t, "kept", name)
	endpoint, err := service.Endpoint(ctx, dagger.ServiceEndpointOpts{Port: 8080, Scheme: "http"})
	require.NoError(t, err)
	require.Equal(t, "http://kept:8080", endpoint)
	_, err = service.Start(ctx)
	require.NoError(t, err)
	_, err = service.Sync(ctx)
	require.NoError(t, err)
	client := e.box(t).WithServiceBinding("store", service)
	run(t, client, "get", "http://store:8080/set/a?v=2")
	require.Equal(t, "2\n", run(t, client, "get", "http://kept:8080/get/a"))
	_, err = service.Stop(ctx, dagger.ServiceStopOpts{Kill: true})
	require.NoError(t, err)
}

func testTunnel(t *testing.T, e *env) {
	ctx := t.Context()
	tunnel, err := e.c.Host().Tunnel(e.keeper(t)).Start(ctx)
	require.NoError(t, err)
	defer func() { _, _ = tunnel.Stop(ctx) }()
	endpoint, err := tunnel.Endpoint(ctx, dagger.ServiceEndpointOpts{Scheme: "http"})
	require.NoError(t, err)
	_, err = get(t, endpoint+"/set/a?v=3")
	require.NoError(t, err)
	got, err := get(t, endpoint+"/get/a")
	require.NoError(t, err)
	require.Equal(t, "3\n", got)
}

// Each type's loader returns what its ID names, in GraphQL's own words too.
func testLoaders(t *testing.T, e *env) {
	ctr := e.box(t).WithEnvVariable("A", "1").WithLabel("l", "v").WithExposedPort(80)
	vars, err := ctr.EnvVariables(t.Context())
	require.NoError(t, err)
	labels, err := ctr.Labels(t.Context())
	require.NoError(t, err)
	ports, err := ctr.ExposedPorts(t.Context())
	require.NoError(t, err)
	for name, object := range map[string]identified{
		"CacheVolume": e.c.CacheVolume("loaders"), "Container": ctr, "Directory": e.c.Directory(), "EnvVariable": &vars[0], "File": e.c.File("f", "x"),
		"Host": e.c.Host(), "Label": &labels[0], "Port": &ports[0], "Secret": e.c.SetSecret("loaders", "s"), "Stat": ctr.Stat("/"), "Service": e.keeper(t),
	} {
		id, err := object.ID(t.Context())
		require.NoError(t, err, name)
		var answer map[string]map[string]string
		err = e.c.Do(t.Context(), &dagger.Request{Query: fmt.Sprintf(`{load%sFromID(id: %q) {id}}`, name, id)}, &dagger.Response{Data: &answer})
		require.NoError(t, err, name)
		require.Equal(t, string(id), answer["load"+name+"FromID"]["id"])
	}
}
