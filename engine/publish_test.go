package engine_test

import (
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// published publishes a container and returns the reference with digest.
func published(t *testing.T, ctr *dagger.Container, address string, opts ...dagger.ContainerPublishOpts) string {
	t.Helper()
	ref, err := ctr.Publish(t.Context(), address, opts...)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(ref, address), ref)
	return ref
}

// inRegistry reads what a registry has under a reference, as crane does.
func inRegistry(t *testing.T, ref string, opts ...remote.Option) *remote.Descriptor {
	t.Helper()
	parsed, err := name.ParseReference(ref)
	require.NoError(t, err)
	got, err := remote.Get(parsed, opts...)
	require.NoError(t, err)
	return got
}

func pinnedTo(t *testing.T, ref string) string {
	t.Helper()
	_, digest, found := strings.Cut(ref, "@")
	require.True(t, found, ref)
	return digest
}

func TestPublish(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		r := registrytest.Start(t, registrytest.Options{})
		content := unique()
		ctr := e.box(t).WithNewFile("/etc/motd", content).WithEntrypoint(box("echo")).WithLabel("a", "b").WithAnnotation("c", "d")

		ref := published(t, ctr, r.Host+"/team/app:1")
		require.Regexp(t, `^127\.0\.0\.1:\d+/team/app:1@sha256:[0-9a-f]{64}$`, ref)
		require.Equal(t, r.Host+"/team/app:latest@"+pinnedTo(t, ref), published(t, ctr, r.Host+"/team/app"))
		require.Equal(t, 2, strings.Count(r.Log(t), `"PUT /v2/team/app/blobs/uploads/`), "layer and configuration are sent once")

		img, err := inRegistry(t, r.Host+"/team/app:1").Image()
		require.NoError(t, err)
		require.NoError(t, validate.Image(img))
		manifest, err := img.Manifest()
		require.NoError(t, err)
		require.Equal(t, "d", manifest.Annotations["c"])

		require.Equal(t, pinnedTo(t, ref), archiveDigest(t, ctr), "the archive has the same digest")
		for _, other := range []*dagger.Client{e.c, e.connect(t)} {
			again := other.Container().From(ref)
			require.Equal(t, content, contents(t, again.File("/etc/motd")))
			out, err := again.WithExec([]string{"hi"}, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(ctx)
			require.NoError(t, err)
			require.Equal(t, "hi\n", out)
		}
	})
}

// archiveDigest is the digest of what an exported archive holds.
func archiveDigest(t *testing.T, ctr *dagger.Container, opts ...dagger.ContainerExportOpts) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	_, err := ctr.Export(t.Context(), path, opts...)
	require.NoError(t, err)
	index := untar(t, path)
	entries, err := layout.ImageIndexFromPath(index)
	require.NoError(t, err)
	manifest, err := entries.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	return manifest.Manifests[0].Digest.String()
}

func TestPublishPlatforms(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		r := registrytest.Start(t, registrytest.Options{})
		arm := e.c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).WithNewFile("/arch", "arm "+unique())
		amd := e.c.Container(dagger.ContainerOpts{Platform: "linux/amd64"}).WithNewFile("/arch", "amd "+unique())
		opts := dagger.ContainerPublishOpts{PlatformVariants: []*dagger.Container{arm, amd}, MediaTypes: dagger.ImageMediaTypesDocker, ForcedCompression: dagger.ImageLayerCompressionZstd}

		ref := published(t, amd, r.Host+"/multi:1", dagger.ContainerPublishOpts{PlatformVariants: []*dagger.Container{arm}})
		index, err := inRegistry(t, ref).ImageIndex()
		require.NoError(t, err)
		require.NoError(t, validate.Index(index))
		for platform, want := range map[dagger.Platform]string{"linux/arm64": "arm ", "linux/amd64": "amd "} {
			ctr := e.c.Container(dagger.ContainerOpts{Platform: platform}).From(ref)
			require.Contains(t, contents(t, ctr.File("/arch")), want)
		}

		other := published(t, e.c.Container(dagger.ContainerOpts{Platform: "linux/386"}).WithNewFile("/arch", "386"), r.Host+"/multi:2", opts)
		index, err = inRegistry(t, other).ImageIndex()
		require.NoError(t, err)
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		require.Len(t, manifest.Manifests, 3)
		require.EqualValues(t, "application/vnd.docker.distribution.manifest.list.v2+json", manifest.MediaType)

		_, err = amd.Publish(t.Context(), r.Host+"/multi:3", dagger.ContainerPublishOpts{PlatformVariants: []*dagger.Container{amd}})
		require.ErrorContains(t, err, "two images are for linux/amd64")
	})
}

// What an image is made of is the same whatever it was published from, and the
// layers of the image below it are kept.
func TestPublishKeepsBaseLayers(t *testing.T) {
	r := registrytest.Start(t, registrytest.Options{})
	base := testImage(t, unique())
	parsed, err := name.ParseReference(r.Host + "/base/image:1")
	require.NoError(t, err)
	require.NoError(t, remote.Write(parsed, base))
	content := unique()
	var first string
	var mu sync.Mutex
	onEngines(t, func(t *testing.T, e *env) {
		repository := r.Host + "/team/" + unique()
		ctr := e.c.Container().From(r.Host+"/base/image:1").WithNewFile("/added", content).WithoutFile("/tag")
		ref := published(t, ctr, repository+":1")
		mu.Lock()
		if first == "" {
			first = pinnedTo(t, ref)
		}
		require.Equal(t, first, pinnedTo(t, ref))
		mu.Unlock()

		img, err := inRegistry(t, ref).Image()
		require.NoError(t, err)
		require.NoError(t, validate.Image(img))
		require.Equal(t, layersOf(t, base), layersOf(t, img)[:2])
		require.Len(t, layersOf(t, img), 3)
		path := regexp.QuoteMeta(strings.TrimPrefix(repository, r.Host))
		require.Len(t, regexp.MustCompile(`"POST /v2`+path+`/blobs/uploads/\?mount=sha256:[0-9a-f]+&from=base/image`).FindAllString(r.Log(t), -1), 2)
		require.Len(t, regexp.MustCompile(`"PUT /v2`+path+`/blobs/uploads/`).FindAllString(r.Log(t), -1), 2, "the new layer and the configuration")

		again := e.c.Container().From(ref)
		require.Equal(t, content, contents(t, again.File("/added")))
		require.NotContains(t, entries(t, again.Rootfs()), "tag")
		require.Equal(t, pinnedTo(t, ref), archiveDigest(t, ctr))

		labelled := published(t, e.c.Container().From(r.Host+"/base/image:1").WithLabel("a", "b"), repository+":labelled")
		img, err = inRegistry(t, labelled).Image()
		require.NoError(t, err)
		require.NoError(t, validate.Image(img))
		require.Equal(t, layersOf(t, base), layersOf(t, img), "settings alone add no layer")
		same := published(t, e.c.Container().From(r.Host+"/base/image:1").WithNewFile("/x", "").WithoutFile("/x").WithLabel("a", "b"), repository+":same")
		require.Equal(t, pinnedTo(t, labelled), pinnedTo(t, same), "whether files were looked at does not show")

		whole := published(t, ctr.WithRootfs(ctr.Rootfs()), repository+":whole")
		img, err = inRegistry(t, whole).Image()
		require.NoError(t, err)
		require.Len(t, layersOf(t, img), 1, "a root file system that was set has no base")
		require.Equal(t, content, contents(t, e.c.Container().From(whole).File("/added")))
	})
}

func layersOf(t *testing.T, img v1.Image) []string {
	t.Helper()
	layers, err := img.Layers()
	require.NoError(t, err)
	var digests []string
	for _, l := range layers {
		d, err := l.Digest()
		require.NoError(t, err)
		digests = append(digests, d.String())
	}
	return digests
}

func TestPublishLogin(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		password := "p-" + unique()
		r := registrytest.Start(t, registrytest.Options{User: "me", Password: password})
		c := e.connect(t)
		ctr := c.Container().WithNewFile("/a", unique())

		_, err := ctr.Publish(ctx, r.Host+"/private:1")
		require.ErrorContains(t, err, "publishing "+r.Host+"/private:1: registry "+r.Host+" wants a login, and there is none")
		wrong := "wrong-" + unique()
		_, err = ctr.WithRegistryAuth(r.Host, "me", c.SetSecret("wrong", wrong)).Publish(ctx, r.Host+"/private:1")
		require.ErrorContains(t, err, `registry `+r.Host+` refuses user "me", the login from withRegistryAuth`)
		require.NotContains(t, err.Error(), wrong)

		ctr = ctr.WithRegistryAuth(r.Host, "me", c.SetSecret("password", password))
		ref := published(t, ctr, r.Host+"/private:1")
		require.Len(t, entries(t, c.Container().From(ref).Rootfs()), 1)
		got := inRegistry(t, ref, remote.WithAuth(&authn.Basic{Username: "me", Password: password}))
		require.Equal(t, pinnedTo(t, ref), got.Digest.String())
		require.NotContains(t, e.status.text(), password)
	})
}

func TestPublishRefuses(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		ctr := e.c.Container().WithNewFile("/a", "b")
		for _, address := range []string{"", "team/UPPER", "http://host/x"} {
			_, err := ctr.Publish(ctx, address)
			require.ErrorContains(t, err, "invalid image reference", address)
		}
		_, err := ctr.Publish(ctx, "localhost/x@sha256:"+strings.Repeat("0", 64))
		require.ErrorContains(t, err, "leave the digest out")
		_, err = e.box(t).WithExec(box("exit", "3")).Publish(ctx, "localhost:1/x")
		var failed *dagger.ExecError
		require.ErrorAs(t, err, &failed)
		_, err = ctr.Publish(ctx, "127.0.0.1:1/x")
		require.ErrorContains(t, err, "publishing 127.0.0.1:1/x:latest: ")
		require.ErrorContains(t, err, "connection refused")
	})
}

// A registry that takes a connection and says nothing.
func TestPublishToSilentRegistry(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { _ = silent.Close() })
		_, err = e.c.Container().WithNewFile("/a", "b").Publish(t.Context(), silent.Addr().String()+"/x:1")
		require.ErrorContains(t, err, "no answer from registry "+silent.Addr().String()+" within 1m0s")
	})
}
