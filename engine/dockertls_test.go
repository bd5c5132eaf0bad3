package engine_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	endpoint "github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/dockertest"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// A Docker daemon on TCP is reached with certificates, from the environment and
// from a context.
func TestDockerOverTLS(t *testing.T) {
	enginetest.Needs(t)
	d, err := dockertest.Start(t.Context(), dockertest.Options{Box: enginetest.Testbox(t), TLS: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	works := func(opts ...engine.Option) {
		t.Helper()
		c, err := engine.Connect(t.Context(), opts...)
		require.NoError(t, err)
		require.Equal(t, "hi\n", run(t, boxIn(t, c), "echo", "hi"))
		require.NoError(t, c.Close())
	}
	withoutDocker(t)
	t.Setenv("DOCKER_HOST", d.Host)
	_, err = engine.Connect(t.Context())
	require.ErrorContains(t, err, "no BuildKit answers")
	t.Setenv("DOCKER_TLS_VERIFY", "1")
	t.Setenv("DOCKER_CERT_PATH", d.Certs)
	works()

	withoutDocker(t)
	addContext(t, "tls", d.Host, d.Certs)
	addContext(t, "socket", "unix://"+d.Socket, "")
	for _, name := range []string{"tls", "socket"} {
		t.Setenv("DOCKER_CONTEXT", name)
		works()
	}
	t.Setenv("DOCKER_CONTEXT", "")
	config := filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"currentContext": "tls"}`), 0o600))
	works(engine.WithAddress(engine.Docker))
	t.Setenv("DOCKER_HOST", "unix://"+d.Socket+".none")
	_, err = engine.Connect(t.Context(), engine.WithAddress(engine.Docker))
	require.ErrorContains(t, err, d.Socket+".none", "DOCKER_HOST comes before the context")

	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONTEXT", "nowhere")
	_, err = engine.Connect(t.Context())
	require.ErrorContains(t, err, `reading Docker context "nowhere"`)
}

// addContext writes a context as `docker context create` does.
func addContext(t *testing.T, name, host, certs string) {
	t.Helper()
	contexts := store.New(filepath.Join(os.Getenv("DOCKER_CONFIG"), "contexts"), store.NewConfig(func() any { return &map[string]any{} },
		store.EndpointTypeGetter(endpoint.DockerEndpoint, func() any { return &endpoint.EndpointMeta{} })))
	require.NoError(t, contexts.CreateOrUpdate(store.Metadata{
		Name: name, Metadata: json.RawMessage(`{}`), Endpoints: map[string]any{endpoint.DockerEndpoint: endpoint.EndpointMeta{Host: host}},
	}))
	if certs == "" {
		return
	}
	files := map[string][]byte{}
	for _, file := range []string{"ca.pem", "cert.pem", "key.pem"} {
		content, err := os.ReadFile(filepath.Join(certs, file))
		require.NoError(t, err)
		files[file] = content
	}
	require.NoError(t, contexts.ResetTLSMaterial(name, &store.ContextTLSData{
		Endpoints: map[string]store.EndpointTLSData{endpoint.DockerEndpoint: {Files: files}},
	}))
}

// A BuildKit daemon on TCP with TLS: the address names the certificates.
func TestBuildKitOverTLS(t *testing.T) {
	enginetest.Needs(t)
	p, err := enginetest.StartPlainOn(t.Context(), enginetest.MutualTLS)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	works := func(address string) {
		t.Helper()
		c, err := engine.Connect(t.Context(), engine.WithAddress(address))
		require.NoError(t, err)
		require.Equal(t, "hi\n", run(t, boxIn(t, c), "echo", "hi"))
		require.NoError(t, c.Close())
	}
	works(p.Address)
	plain, certs := splitAddress(t, p.Address)
	works(plain + "?cacert=" + certs + "/ca.pem&cert=" + certs + "/cert.pem&key=" + certs + "/key.pem&servername=localhost")
	for address, want := range map[string]string{
		plain:                                     "no BuildKit answers",
		plain + "?cacert=" + certs + "/ca.pem":    "no BuildKit answers", // without a client's certificate
		plain + "?tlsdir=" + t.TempDir():          "has no ca.pem or ca.crt",
		plain + "?cert=" + certs + "/cert.pem":    "needs both",
		plain + "?color=blue":                     `has parameter "color"`,
		p.Address + "&cacert=" + certs + "/c.pem": "want one of both",
	} {
		_, err := engine.Connect(t.Context(), engine.WithAddress(address))
		require.ErrorContains(t, err, want, address)
	}
}

// splitAddress returns an address without its parameters, and its folder of certificates.
func splitAddress(t *testing.T, address string) (plain, certs string) {
	t.Helper()
	plain, certs, found := strings.Cut(address, "?tlsdir=")
	require.True(t, found)
	return plain, certs
}
