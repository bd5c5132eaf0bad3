package engine_test

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// layer makes an image layer of files by path.
func layer(t *testing.T, files map[string]string) v1.Layer {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for path, content := range files {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: path, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}))
		_, err := io.WriteString(w, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil })
	require.NoError(t, err)
	return l
}

// testImage is an image for amd64 with the test program, two layers and all
// kinds of settings.
func testImage(t *testing.T, tag string) v1.Image {
	t.Helper()
	program, err := os.ReadFile(enginetest.Testbox(t))
	require.NoError(t, err)
	img, err := mutate.AppendLayers(empty.Image,
		layer(t, map[string]string{boxPath[1:]: string(program), "gone": "x", "tag": tag}),
		layer(t, map[string]string{".wh.gone": "", "etc/passwd": accounts, "etc/group": "root:x:0:\n"}))
	require.NoError(t, err)
	file, err := img.ConfigFile()
	require.NoError(t, err)
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", "amd64"
	file.Config = v1.Config{
		Env: []string{"PATH=/bin", "FROM_IMAGE=1"}, Entrypoint: box("echo", "entry"), Cmd: []string{"cmd"},
		User: "worker", WorkingDir: "/work", Labels: map[string]string{"from": "image"}, ExposedPorts: map[string]struct{}{"8080/tcp": {}, "53/udp": {}},
	}
	img, err = mutate.ConfigFile(img, file)
	require.NoError(t, err)
	return img
}

// indexOf is a multi-platform image: img, and for arm64 one with a file.
func indexOf(t *testing.T, img v1.Image) v1.ImageIndex {
	t.Helper()
	other, err := mutate.AppendLayers(empty.Image, layer(t, map[string]string{"arm": "64"}))
	require.NoError(t, err)
	file, err := other.ConfigFile()
	require.NoError(t, err)
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", "arm64"
	other, err = mutate.ConfigFile(other, file)
	require.NoError(t, err)
	entry := func(img v1.Image) mutate.IndexAddendum {
		desc, err := partial.Descriptor(img)
		require.NoError(t, err)
		file, err := img.ConfigFile()
		require.NoError(t, err)
		desc.Platform = file.Platform()
		return mutate.IndexAddendum{Add: img, Descriptor: *desc}
	}
	return mutate.AppendManifests(empty.Index, entry(img), entry(other))
}

// startRegistry starts a registry on loopback, which wants a password if one is
// given, and returns its host:port.
func startRegistry(t *testing.T, password string) string {
	t.Helper()
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, given, _ := r.BasicAuth()
		if password != "" && given != password && !strings.HasPrefix(r.Header.Get("X-Test"), "push") {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// pushTransport lets the test's own pushes in.
type pushTransport struct{}

func (pushTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("X-Test", "push")
	return http.DefaultTransport.RoundTrip(r)
}

func push(t *testing.T, ref string, index v1.ImageIndex) {
	t.Helper()
	parsed, err := name.ParseReference(ref)
	require.NoError(t, err)
	require.NoError(t, remote.WriteIndex(parsed, index, remote.WithTransport(pushTransport{})))
}

func TestFrom(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		host := startRegistry(t, "")
		img := testImage(t, unique())
		index := indexOf(t, img)
		push(t, host+"/team/app:1", index)
		indexDigest, err := index.Digest()
		require.NoError(t, err)
		digest, err := img.Digest()
		require.NoError(t, err)

		ctr := e.c.Container().From(host + "/team/app:1")
		requireTestImage(t, ctr)
		ref, err := ctr.ImageRef(ctx)
		require.NoError(t, err)
		require.Equal(t, host+"/team/app:1@"+indexDigest.String(), ref)
		_, err = ctr.WithExec(box("true")).ImageRef(ctx)
		require.ErrorContains(t, err, "not an unchanged image")
		_, err = e.c.Container().ImageRef(ctx)
		require.ErrorContains(t, err, "not an unchanged image")

		for _, ref := range []string{host + "/team/app@" + digest.String(), host + "/team/app:1@" + indexDigest.String()} {
			require.Equal(t, "hi\n", run(t, e.c.Container().From(ref), "echo", "hi"), ref)
		}
		arm := e.c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).From(host + "/team/app:1")
		require.Equal(t, "64", contents(t, arm.File("/arm")))

		kept := e.c.Container().WithEnvVariable("MINE", "1").WithLabel("mine", "1").From(host + "/team/app:1")
		require.Equal(t, lines("1", "1"), run(t, kept, "env", "MINE", "FROM_IMAGE"))

		_, err = e.c.Container().From(host + "/team/app:none").Sync(ctx)
		require.ErrorContains(t, err, host+"/team/app:none")
		require.ErrorContains(t, err, "not found")
		_, err = e.c.Container(dagger.ContainerOpts{Platform: "linux/s390x"}).From(host + "/team/app:1").Sync(ctx)
		require.ErrorContains(t, err, "s390x")
	})
}

// requireTestImage checks that a container came from testImage.
func requireTestImage(t *testing.T, ctr *dagger.Container) {
	t.Helper()
	ctx := t.Context()
	user, err := ctr.User(ctx)
	require.NoError(t, err)
	require.Equal(t, "worker", user)
	workdir, err := ctr.Workdir(ctx)
	require.NoError(t, err)
	require.Equal(t, "/work", workdir)
	entrypoint, err := ctr.Entrypoint(ctx)
	require.NoError(t, err)
	require.Equal(t, box("echo", "entry"), entrypoint)
	args, err := ctr.DefaultArgs(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"cmd"}, args)
	label, err := ctr.Label(ctx, "from")
	require.NoError(t, err)
	require.Equal(t, "image", label)
	ports, err := ctr.ExposedPorts(ctx)
	require.NoError(t, err)
	require.Len(t, ports, 2)
	require.Equal(t, lines("1234 2345 [2345]", "/work", "1"), run(t, ctr, "id", ";", "pwd", ";", "env", "FROM_IMAGE"))
	require.NotContains(t, entries(t, ctr.Rootfs()), "gone")
	out, err := ctr.WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "entry cmd\n", out)
}

func TestRegistryPassword(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		password := "p-" + unique()
		host := startRegistry(t, password)
		push(t, host+"/private:1", indexOf(t, testImage(t, unique())))
		c := e.connect(t)
		_, err := c.Container().From(host + "/private:1").Sync(ctx)
		require.ErrorContains(t, err, host+"/private:1")
		require.ErrorContains(t, err, "401")
		_, err = c.Container().WithRegistryAuth(host, "me", c.SetSecret("wrong", "wrong")).From(host + "/private:1").Sync(ctx)
		require.ErrorContains(t, err, "401")
		ctr := c.Container().WithRegistryAuth(host, "me", c.SetSecret("password", password)).From(host + "/private:1")
		require.Equal(t, "hi\n", run(t, ctr, "echo", "hi"))
		_, err = e.connect(t).Container().From(host + "/private:1").Sync(ctx)
		require.ErrorContains(t, err, "401", "a login is the session's own")
		_, err = ctr.WithoutRegistryAuth(host).Sync(ctx)
		require.NoError(t, err, "what was resolved stays usable")
	})
}

func TestBadReferences(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		for _, ref := range []string{"", "not an image", "team/UPPER", "a:b:c", "x@sha256:12", "http://host/x"} {
			_, err := e.c.Container().From(ref).Sync(t.Context())
			require.ErrorContains(t, err, "invalid image reference", ref)
		}
	})
}

func TestUnreachableRegistries(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, closed.Close())
		_, err = e.c.Container().From(closed.Addr().String() + "/x:1").Sync(t.Context())
		require.ErrorContains(t, err, closed.Addr().String())
		require.ErrorContains(t, err, "connection refused")
	})
}

// A registry that takes a connection and says nothing.
func TestSilentRegistry(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = silent.Close() })
		_, err = e.c.Container().From(silent.Addr().String() + "/x:1").Sync(t.Context())
		if e.Docker {
			require.ErrorContains(t, err, silent.Addr().String(), "older releases give up on a connection by themselves")
			return
		}
		require.ErrorContains(t, err, "no answer from registry "+silent.Addr().String())
	})
}

func TestHTTP(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		content := "downloaded " + unique()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/private" && r.Header.Get("Authorization") != "Bearer t" || r.URL.Path == "/none" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("Last-Modified", time.Unix(1234567890, 0).UTC().Format(http.TimeFormat))
			_, _ = io.WriteString(w, content)
		}))
		t.Cleanup(server.Close)
		f := e.c.HTTP(server.URL + "/dir/file.txt?x=y")
		require.Equal(t, content, contents(t, f))
		name, err := f.Name(ctx)
		require.NoError(t, err)
		require.Equal(t, "file.txt", name)
		named := e.c.HTTP(server.URL+"/", dagger.HTTPOpts{Name: "other", Permissions: 0o755})
		require.Equal(t, []any{"other", dagger.FileTypeRegular, 0o755, len(content)}, statOf(t, named.Stat()))
		sum, err := f.Digest(ctx, dagger.FileDigestOpts{ExcludeMetadata: true})
		require.NoError(t, err)
		require.Equal(t, content, contents(t, e.c.HTTP(server.URL+"/a", dagger.HTTPOpts{Checksum: sum})))
		_, err = e.c.HTTP(server.URL+"/b", dagger.HTTPOpts{Checksum: "sha256:" + strings.Repeat("0", 64)}).Contents(ctx)
		require.ErrorContains(t, err, "digest mismatch")
		_, err = e.c.HTTP(server.URL+"/b", dagger.HTTPOpts{Checksum: "nonsense"}).Contents(ctx)
		require.ErrorContains(t, err, "invalid checksum")
		_, err = e.c.HTTP(server.URL + "/none").Contents(ctx)
		require.ErrorContains(t, err, "404")
		private := e.c.HTTP(server.URL+"/private", dagger.HTTPOpts{AuthHeader: e.c.SetSecret("auth-"+unique(), "Bearer t")})
		if e.Docker {
			_, err = private.Contents(ctx)
			require.ErrorContains(t, err, "cannot do this: downloading with an authorization header")
			return
		}
		require.Equal(t, content, contents(t, private))
	})
}
