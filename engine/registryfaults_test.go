package engine_test

import (
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// behindProxy puts an image into a registry, and returns a proxy before that and
// the image's reference there.
func behindProxy(t *testing.T, r *registrytest.Registry) (*registrytest.Proxy, string) {
	t.Helper()
	p := registrytest.NewProxy(t, r)
	repository := "/" + unique() + ":1"
	parsed, err := name.ParseReference(r.Host + repository)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(parsed, indexOf(t, testImage(t, unique()))))
	return p, p.Host + repository
}

// What goes wrong a few times while an image is pulled, or used as a base of one
// that is published, does not show.
func TestRegistryFaultsThatPass(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		r := registrytest.Start(t, registrytest.Options{})
		for name, faults := range map[string][]registrytest.Fault{
			"502 on manifests":   {{Path: "/manifests/", Times: 2, Effect: registrytest.Fail(http.StatusBadGateway)}},
			"503 on blobs":       {{Path: "/blobs/", Times: 2, Effect: registrytest.Fail(http.StatusServiceUnavailable)}},
			"429":                {{Times: 2, Effect: registrytest.Fail(http.StatusTooManyRequests, "Retry-After", "1")}},
			"resets":             {{Path: "/manifests/", Times: 1, Effect: registrytest.Reset}, {Path: "/blobs/", Times: 1, Effect: registrytest.Reset}},
			"truncated manifest": {{Method: "GET", Path: "/manifests/", Times: 1, Effect: registrytest.Truncate}},
			"truncated blobs":    {{Method: "GET", Path: "/blobs/", Times: 2, Effect: registrytest.Truncate}},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, ref := behindProxy(t, r)
				p.Inject(faults...)
				ctr := e.c.Container().From(ref)
				require.Equal(t, "hi\n", run(t, ctr, "echo", "hi"))
				p.Inject(faults...)
				published(t, ctr.WithNewFile("/new", "x"), p.Host+"/published/"+unique()+":1")
			})
		}
	})
}

// What stays wrong is an error that names the image, after a bounded time.
func TestRegistryFaultsThatStay(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		r := registrytest.Start(t, registrytest.Options{})
		for name, c := range map[string]struct {
			fault registrytest.Fault
			want  string
		}{
			"manifest": {registrytest.Fault{Path: "/manifests/", Effect: registrytest.Fail(http.StatusInternalServerError)}, "500 Internal Server Error"},
			"damaged":  {registrytest.Fault{Method: "GET", Path: "/blobs/", Effect: registrytest.Corrupt}, "digest"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p, ref := behindProxy(t, r)
				p.Inject(c.fault)
				_, err := e.c.Container().From(ref).WithExec(box("true")).Sync(t.Context())
				require.ErrorContains(t, err, c.want)
				t.Log(err)
			})
		}
	})
}

// A token that expires while an image is pulled is replaced; a wrong password is
// an error that says where the login came from.
func TestRegistryTokens(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		p, ref := behindProxy(t, registrytest.Start(t, registrytest.Options{}))
		p.WantTokens("me", "secret", 2)
		c := e.connect(t)
		_, err := c.Container().From(ref).Sync(ctx)
		require.ErrorContains(t, err, "registry "+p.Host+" wants a login, and there is none")
		wrong := "wrong-" + unique()
		_, err = c.Container().WithRegistryAuth(p.Host, "me", c.SetSecret("wrong", wrong)).From(ref).Sync(ctx)
		require.ErrorContains(t, err, `registry `+p.Host+` refuses user "me", the login from withRegistryAuth`)
		require.NotContains(t, err.Error(), wrong)

		ctr := c.Container().WithRegistryAuth(p.Host, "me", c.SetSecret("right", "secret")).From(ref)
		require.Equal(t, "hi\n", run(t, ctr, "echo", "hi"))
		require.Greater(t, p.Tokens(), 1)
	})
}
