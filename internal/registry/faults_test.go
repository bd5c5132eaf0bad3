package registry_test

import (
	"io"
	"net/http"
	"testing"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/registry"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// What goes wrong a few times while an image is pushed or read does not show.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	r := registrytest.Start(t, registrytest.Options{})
	for name, faults := range map[string][]registrytest.Fault{
		"502 where an upload begins": {{Method: "POST", Times: 3, Effect: registrytest.Fail(http.StatusBadGateway)}},
		"503 on the blob":            {{Method: "PUT", Path: "/blobs/", Times: 2, Effect: registrytest.Fail(http.StatusServiceUnavailable, "Retry-After", "1")}},
		"500 on the manifest":        {{Method: "PUT", Path: "/manifests/", Times: 2, Effect: registrytest.Fail(http.StatusInternalServerError)}},
		"504 on questions":           {{Method: "HEAD", Times: 2, Effect: registrytest.Fail(http.StatusGatewayTimeout)}},
		"429 with a pause":           {{Times: 2, Effect: registrytest.Fail(http.StatusTooManyRequests, "Retry-After", "1")}},
		"429 without":                {{Method: "PUT", Times: 1, Effect: registrytest.Fail(http.StatusTooManyRequests)}},
		"resets":                     {{Method: "PUT", Times: 2, Effect: registrytest.Reset}, {Method: "POST", Times: 2, Effect: registrytest.Reset}, {Method: "HEAD", Times: 1, Effect: registrytest.Reset}, {Method: "GET", Times: 2, Effect: registrytest.Reset}},
		"errors on reading":          {{Method: "GET", Times: 2, Effect: registrytest.Fail(http.StatusBadGateway)}},
		"truncated manifest":         {{Method: "GET", Path: "/manifests/", Times: 1, Effect: registrytest.Truncate}},
		"truncated layer":            {{Method: "GET", Path: "/blobs/", Times: 1, Effect: registrytest.Truncate}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, r)
			p.Inject(faults...)
			c, _ := newClient(nil)
			image := newImage(t)
			ref, err := c.Push(t.Context(), tagged(t, p.Host+"/passing:1"), image)
			require.NoError(t, err)
			requireWhole(t, c, ref, image)
			for _, f := range faults {
				require.Greater(t, p.Requests(f.Method, f.Path)+p.Requests("PUT", f.Path), f.Times, "the fault was met")
			}
		})
	}
}

// What does not pass ends the attempt after a bounded number of tries.
func TestFaultsThatStay(t *testing.T) {
	t.Parallel()
	r := registrytest.Start(t, registrytest.Options{})
	for name, c := range map[string]struct {
		fault registrytest.Fault
		want  string
		tries int // of the request that fails
	}{
		"always 500":  {registrytest.Fault{Method: "PUT", Path: "/manifests/", Effect: registrytest.Fail(http.StatusInternalServerError)}, "500 Internal Server Error", 10},
		"always 400":  {registrytest.Fault{Method: "PUT", Path: "/manifests/", Effect: registrytest.Fail(http.StatusBadRequest)}, "400 Bad Request", 1},
		"never right": {registrytest.Fault{Method: "PUT", Path: "/manifests/", Effect: registrytest.Reset}, `/v2/staying/manifests/1": `, 25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, r)
			p.Inject(c.fault)
			client, _ := newClient(nil)
			_, err := client.Push(t.Context(), tagged(t, p.Host+"/staying:1"), newImage(t))
			require.ErrorContains(t, err, "publishing "+p.Host+"/staying:1: sending sha256:")
			require.ErrorContains(t, err, c.want)
			require.LessOrEqual(t, p.Requests("PUT", "/manifests/"), c.tries)
			require.GreaterOrEqual(t, p.Requests("PUT", "/manifests/"), 1)
		})
	}
}

func TestWrongContentIsRefused(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Options{}))
	c, _ := newClient(nil)
	image := newImage(t)
	ref, err := c.Push(t.Context(), tagged(t, p.Host+"/app:1"), image)
	require.NoError(t, err)
	p.Inject(registrytest.Fault{Method: "GET", Path: "/manifests/", Effect: registrytest.Corrupt})
	_, err = c.Pull(t.Context(), pinned(t, ref), ocispecs.Platform{OS: "linux", Architecture: "amd64"})
	require.ErrorContains(t, err, "reading image "+p.Host+"/app")
	require.ErrorContains(t, err, "other content than asked for")

	broken := newImage(t)
	other := newImage(t).Blobs[1]
	broken.Blobs[1].Open = other.Open
	_, err = c.Push(t.Context(), tagged(t, p.Host+"/broken:1"), broken)
	require.Error(t, err)
	require.Zero(t, p.Requests("PUT", "/v2/broken/manifests/"), "an image that lacks something gets no name")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Options{}))
	p.WantTokens("me", "secret", 3)
	c, logins := newClient(nil)
	image := newImage(t)

	_, err := c.Push(t.Context(), tagged(t, p.Host+"/app:1"), image)
	var refused *registry.LoginError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, p.Host, refused.Registry)
	require.ErrorContains(t, err, "wants a login, and there is none")

	logins.Set(p.Host, "me", password("wrong-and-hidden"))
	_, err = c.Push(t.Context(), tagged(t, p.Host+"/app:1"), image)
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, err, `registry `+p.Host+` refuses user "me", the login from withRegistryAuth`)
	require.NotContains(t, err.Error(), "wrong-and-hidden")

	logins.Set(p.Host, "me", password("secret"))
	ref, err := c.Push(t.Context(), tagged(t, p.Host+"/app:1"), image)
	require.NoError(t, err)
	require.Greater(t, p.Tokens(), 1, "tokens that expire are replaced")
	requireWhole(t, c, ref, image)
}

// A layer that arrives damaged is noticed by whoever reads it, as its digest says.
func TestDamagedLayer(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Options{}))
	c, _ := newClient(nil)
	image := newImage(t)
	ref, err := c.Push(t.Context(), tagged(t, p.Host+"/one:1"), image)
	require.NoError(t, err)
	pulled, err := c.Pull(t.Context(), pinned(t, ref), ocispecs.Platform{OS: "linux", Architecture: "amd64"})
	require.NoError(t, err)
	p.Inject(registrytest.Fault{Method: "GET", Path: "/blobs/", Effect: registrytest.Corrupt})
	layer := pulled.Manifest.Layers[0]
	r, err := pulled.Open(t.Context(), layer)
	require.NoError(t, err)
	data, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NotEqual(t, layer.Digest, layer.Digest.Algorithm().FromBytes(data))
}
