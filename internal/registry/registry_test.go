package registry_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/google/go-containerregistry/pkg/v1/random"
	resolverconfig "github.com/moby/buildkit/util/resolver/config"
	digest "github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/registry"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// TestMain takes the logins of the machine that runs the tests away.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bodkin-logins-")
	if err != nil {
		panic(err)
	}
	config.SetDir(dir) // the environment is read once in a process
	for _, name := range []string{"CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD", "GITHUB_ACTOR", "GITHUB_TOKEN"} {
		_ = os.Unsetenv(name)
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// newClient is a client with the given [registry] tables.
func newClient(tables map[string]resolverconfig.RegistryConfig) (*registry.Client, *registry.Logins) {
	logins := registry.NewLogins(io.Discard)
	return registry.New(registry.Config{Path: "buildkitd.toml", Registries: tables}, logins), logins
}

func password(p string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(p), nil }
}

func tagged(t *testing.T, ref string) reference.NamedTagged {
	t.Helper()
	named, err := reference.ParseNormalizedNamed(ref)
	require.NoError(t, err)
	return named.(reference.NamedTagged)
}

func pinned(t *testing.T, ref string) reference.Canonical {
	t.Helper()
	named, err := reference.ParseNormalizedNamed(ref)
	require.NoError(t, err)
	return named.(reference.Canonical)
}

func blobOf(mediaType string, data []byte) registry.Blob {
	return registry.Blob{
		Descriptor: ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))},
		Open:       func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
}

// newImage is an image of two layers with random content.
func newImage(t *testing.T) registry.Image {
	t.Helper()
	made, err := random.Image(100_000, 2)
	require.NoError(t, err)
	manifest, err := made.RawManifest()
	require.NoError(t, err)
	mediaType, err := made.MediaType()
	require.NoError(t, err)
	image := registry.Image{Manifests: []registry.Blob{blobOf(string(mediaType), manifest)}}
	raw, err := made.RawConfigFile()
	require.NoError(t, err)
	image.Blobs = append(image.Blobs, blobOf("application/vnd.docker.container.image.v1+json", raw))
	layers, err := made.Layers()
	require.NoError(t, err)
	for _, l := range layers {
		r, err := l.Compressed()
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		image.Blobs = append(image.Blobs, blobOf("application/vnd.docker.image.rootfs.diff.tar.gzip", data))
	}
	return image
}

// requireWhole reads an image back, all of it.
func requireWhole(t *testing.T, c *registry.Client, ref string, image registry.Image) {
	t.Helper()
	pulled, err := c.Pull(t.Context(), pinned(t, ref), ocispecs.Platform{OS: "linux", Architecture: "amd64"})
	require.NoError(t, err)
	require.Len(t, pulled.Manifest.Layers, len(image.Blobs)-1)
	for _, l := range pulled.Manifest.Layers {
		r, err := pulled.Open(t.Context(), l)
		require.NoError(t, err)
		data, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.Equal(t, l.Digest, digest.FromBytes(data))
	}
}

func TestPushAndPull(t *testing.T) {
	t.Parallel()
	yes := true
	for name, o := range map[string]registrytest.Options{
		"plain":    {},
		"password": {User: "me", Password: "secret"},
		"tls":      {TLS: true, User: "me", Password: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			r := registrytest.Start(t, o)
			no := false
			tables := map[string]resolverconfig.RegistryConfig{}
			if o.TLS {
				tables[r.Host] = resolverconfig.RegistryConfig{PlainHTTP: &no, RootCAs: []string{r.CA}}
			}
			c, logins := newClient(tables)
			if o.User != "" {
				logins.Set(r.Host, o.User, password(o.Password))
			}
			image := newImage(t)
			ref, err := c.Push(t.Context(), tagged(t, r.Host+"/team/app:1"), image)
			require.NoError(t, err)
			require.Equal(t, r.Host+"/team/app:1@"+image.Manifests[0].Descriptor.Digest.String(), ref)
			requireWhole(t, c, ref, image)

			if o.TLS {
				stranger, logins := newClient(map[string]resolverconfig.RegistryConfig{r.Host: {PlainHTTP: &no}})
				logins.Set(r.Host, o.User, password(o.Password))
				_, err = stranger.Push(t.Context(), tagged(t, r.Host+"/team/app:1"), image)
				require.ErrorContains(t, err, "certificate signed by unknown authority")
				careless, logins := newClient(map[string]resolverconfig.RegistryConfig{r.Host: {PlainHTTP: &no, Insecure: &yes}})
				logins.Set(r.Host, o.User, password(o.Password))
				_, err = careless.Push(t.Context(), tagged(t, r.Host+"/team/app:2"), image)
				require.NoError(t, err)
			}
		})
	}
}

func TestPullThroughMirror(t *testing.T) {
	t.Parallel()
	mirror := registrytest.Start(t, registrytest.Options{})
	image := newImage(t)
	c, _ := newClient(map[string]resolverconfig.RegistryConfig{"registry.invalid": {Mirrors: []string{mirror.Host}}})
	ref, err := c.Push(t.Context(), tagged(t, mirror.Host+"/team/app:1"), image)
	require.NoError(t, err)
	_, dgst, _ := bytes.Cut([]byte(ref), []byte("@"))
	requireWhole(t, c, "registry.invalid/team/app@"+string(dgst), image)

	_, err = c.Push(t.Context(), tagged(t, "registry.invalid/team/app:1"), image)
	require.ErrorContains(t, err, "publishing registry.invalid/team/app:1", "nothing is pushed to a mirror")
}

func TestMountFromAnotherRepository(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Options{}))
	c, _ := newClient(nil)
	image := newImage(t)
	_, err := c.Push(t.Context(), tagged(t, p.Host+"/one:1"), image)
	require.NoError(t, err)
	for i := range image.Blobs {
		image.Blobs[i].From = tagged(t, p.Host+"/one:1")
	}
	_, err = c.Push(t.Context(), tagged(t, p.Host+"/two:1"), image)
	require.NoError(t, err)
	require.Equal(t, 3, p.Requests("POST", "/v2/two/blobs/uploads/"))
	require.Zero(t, p.Requests("PUT", "/v2/two/blobs/uploads/"), "nothing is sent that the registry has")

	for i := range image.Blobs {
		image.Blobs[i].From = tagged(t, p.Host+"/nowhere:1")
	}
	_, err = c.Push(t.Context(), tagged(t, p.Host+"/three:1"), image)
	require.NoError(t, err)
	require.Equal(t, 3, p.Requests("PUT", "/v2/three/blobs/uploads/"), "what cannot be taken over is sent")
}

func TestLoginsInTheirOrder(t *testing.T) {
	before, dir := config.Dir(), t.TempDir()
	config.SetDir(dir)
	t.Cleanup(func() { config.SetDir(before) })
	file := filepath.Join(dir, "config.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"auths": {
		"a.example.com": {"username": "docker", "password": "d"},
		"https://index.docker.io/v1/": {"username": "hub", "password": "h"}}, "credHelpers": {"helped.example.com": "tests"}}`), 0o600))
	helper := filepath.Join(dir, "docker-credential-tests")
	require.NoError(t, os.WriteFile(helper, []byte("#!/bin/sh\necho '{\"ServerURL\": \"helped.example.com\", \"Username\": \"<token>\", \"Secret\": \"identity\"}'\n"), 0o700))
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("CI_REGISTRY", "b.example.com:5000")
	t.Setenv("CI_REGISTRY_USER", "gitlab")
	t.Setenv("CI_REGISTRY_PASSWORD", "g")
	t.Setenv("GITHUB_ACTOR", "someone")
	t.Setenv("GITHUB_TOKEN", "t")
	logins := registry.NewLogins(io.Discard)
	for host, want := range map[string]registry.Login{
		"a.example.com":        {Username: "docker", Password: "d", Source: file},
		"registry-1.docker.io": {Username: "hub", Password: "h", Source: file},
		"docker.io":            {Username: "hub", Password: "h", Source: file},
		"helped.example.com":   {IdentityToken: "identity", Source: file},
		"b.example.com:5000":   {Username: "gitlab", Password: "g", Source: "CI_REGISTRY_USER and CI_REGISTRY_PASSWORD"},
		"ghcr.io":              {Username: "someone", Password: "t", Source: "GITHUB_ACTOR and GITHUB_TOKEN"},
		"c.example.com":        {},
	} {
		got, err := logins.Find(t.Context(), host)
		require.NoError(t, err)
		require.Equal(t, want, got, host)
	}
	logins.Set("https://a.example.com/v2/", "own", password("o"))
	got, err := logins.Find(t.Context(), "a.example.com")
	require.NoError(t, err)
	require.Equal(t, registry.Login{Username: "own", Password: "o", Source: "withRegistryAuth"}, got)
	logins.Unset("a.example.com")
	got, err = logins.Find(t.Context(), "a.example.com")
	require.NoError(t, err)
	require.Equal(t, "docker", got.Username)
}
