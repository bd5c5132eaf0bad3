package engine_test

import (
	"archive/tar"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// dockerArchive writes images as `docker save` does.
func dockerArchive(t *testing.T, images map[string]v1.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker.tar")
	refs := map[name.Tag]v1.Image{}
	for tag, img := range images {
		parsed, err := name.NewTag(tag)
		require.NoError(t, err)
		refs[parsed] = img
	}
	require.NoError(t, tarball.MultiWriteToFile(path, refs))
	return path
}

// ociArchive writes an index as an OCI layout in a tar archive.
func ociArchive(t *testing.T, index v1.ImageIndex) string {
	t.Helper()
	dir := t.TempDir()
	l, err := layout.Write(filepath.Join(dir, "layout"), index)
	require.NoError(t, err)
	path := filepath.Join(dir, "oci.tar")
	out, err := os.Create(path)
	require.NoError(t, err)
	w := tar.NewWriter(out)
	require.NoError(t, w.AddFS(os.DirFS(string(l))))
	require.NoError(t, w.Close())
	require.NoError(t, out.Close())
	return path
}

func TestImport(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		one, two := testImage(t, unique()), testImage(t, unique())
		docker := dockerArchive(t, map[string]v1.Image{"app:one": one})
		oci := ociArchive(t, indexOf(t, one))
		for _, path := range []string{docker, oci} {
			archive := e.c.Host().File(path)
			requireTestImage(t, e.c.Container().Import(archive))
			inside := e.box(t).WithFile("/in.tar", archive).WithExec(box("run", "/bin/box", "true"))
			requireTestImage(t, e.c.Container().Import(inside.File("/in.tar")))
		}
		arm := e.c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).Import(e.c.Host().File(oci))
		require.Equal(t, "64", contents(t, arm.File("/arm")))

		both := e.c.Host().File(dockerArchive(t, map[string]v1.Image{"app:one": one, "app:two": two}))
		tags := []string{}
		for _, tag := range []string{"one", "two"} {
			tags = append(tags, contents(t, e.c.Container().Import(both, dagger.ContainerImportOpts{Tag: "app:" + tag}).File("/tag")))
		}
		require.NotEqual(t, tags[0], tags[1], "the tag says which image")
		_, err := e.c.Container().Import(both, dagger.ContainerImportOpts{Tag: "three"}).Sync(ctx)
		require.ErrorContains(t, err, "three")
		_, err = e.c.Container(dagger.ContainerOpts{Platform: "linux/s390x"}).Import(e.c.Host().File(oci)).Sync(ctx)
		require.ErrorContains(t, err, "s390x")
		_, err = e.c.Container().Import(e.c.File("no-archive", "nothing of the kind")).Sync(ctx)
		require.ErrorContains(t, err, "importing image archive no-archive")
		_, err = e.c.Container().Import(e.c.Directory().File("none")).Sync(ctx)
		require.ErrorContains(t, err, "none")
	})
}

// finished is a container with everything an image can say.
func (e *env) finished(t *testing.T, c *dagger.Client) *dagger.Container {
	return boxIn(t, c).
		WithDirectory("/app", c.Directory().WithNewFile("f", "1").WithNewFile("d/g", "2").WithSymlink("f", "link"), dagger.ContainerWithDirectoryOpts{Owner: "1000:1001"}).
		WithNewFile("/etc/passwd", accounts, dagger.ContainerWithNewFileOpts{Permissions: 0o600}).
		WithExec(box("write", "/made", "by an exec", ";", "mkdir", "/var/empty")).
		WithEnvVariable("B", "2").WithEnvVariable("A", "1").
		WithEntrypoint(box("echo", "entry")).WithDefaultArgs([]string{"cmd"}).
		WithUser("worker").WithWorkdir("/app").
		WithLabel("label", "value").WithAnnotation("org.example", "annotated").
		WithExposedPort(8080).WithExposedPort(53, dagger.ContainerWithExposedPortOpts{Protocol: dagger.NetworkProtocolUdp})
}

// untar unpacks an archive of plain files.
func untar(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	dir := t.TempDir()
	r := tar.NewReader(f)
	for {
		header, err := r.Next()
		if err == io.EOF {
			return dir
		}
		require.NoError(t, err)
		target := filepath.Join(dir, filepath.Clean("/"+header.Name))
		if header.Typeflag == tar.TypeDir {
			require.NoError(t, os.MkdirAll(target, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o755))
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(target, content, 0o644))
	}
}

// images reads the images in an OCI archive, by platform.
func images(t *testing.T, path string) map[string]v1.Image {
	t.Helper()
	index, err := layout.ImageIndexFromPath(untar(t, path))
	require.NoError(t, err)
	found := map[string]v1.Image{}
	var walk func(v1.ImageIndex)
	walk = func(index v1.ImageIndex) {
		manifest, err := index.IndexManifest()
		require.NoError(t, err)
		for _, desc := range manifest.Manifests {
			if desc.MediaType.IsIndex() {
				below, err := index.ImageIndex(desc.Digest)
				require.NoError(t, err)
				walk(below)
				continue
			}
			img, err := index.Image(desc.Digest)
			require.NoError(t, err)
			file, err := img.ConfigFile()
			require.NoError(t, err)
			found[file.OS+"/"+file.Architecture] = img
		}
	}
	walk(index)
	return found
}

func TestExportImage(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		ctr := e.finished(t, e.c)
		path := filepath.Join(t.TempDir(), "sub", "image.tar")
		written, err := ctr.Export(ctx, path)
		require.NoError(t, err)
		require.Equal(t, path, written)
		found := images(t, path)
		require.Len(t, found, 1)
		img := found["linux/amd64"]
		require.NoError(t, validate.Image(img))
		file, err := img.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, v1.Config{
			Env: []string{"B=2", "A=1"}, Entrypoint: box("echo", "entry"), Cmd: []string{"cmd"}, User: "worker", WorkingDir: "/app",
			Labels: map[string]string{"label": "value"}, ExposedPorts: map[string]struct{}{"8080/tcp": {}, "53/udp": {}},
		}, file.Config)
		manifest, err := img.Manifest()
		require.NoError(t, err)
		require.Equal(t, "annotated", manifest.Annotations["org.example"])
		docker, err := tarball.ImageFromPath(path, nil)
		require.NoError(t, err, "docker reads it too")
		require.NoError(t, validate.Image(docker))

		again := e.c.Container().Import(e.c.Host().File(path))
		require.Equal(t, lines("1234 2345 [2345]", "/app", "2"), run(t, again, "id", ";", "pwd", ";", "env", "B"))
		require.Equal(t, lines("/app/d dir 0755 1000:1001 0", "/app/d/g file 0644 1000:1001 1", "/app/f file 0644 1000:1001 1", "/app/link link 0777 1000:1001 1 -> f"), run(t, again.WithUser(""), "tree", "/app"))
		require.Equal(t, "by an exec", contents(t, again.File("/made")))

		tarred := ctr.AsTarball()
		require.Equal(t, digestOf(t, e.c.Host().File(path)), digestOf(t, tarred), "the same bytes")
		require.Equal(t, "by an exec", contents(t, e.c.Container().Import(tarred).File("/made")))
		require.Equal(t, digestOf(t, tarred), digestOf(t, e.box(t).WithMountedFile("/t", tarred).WithExec(box("true")).File("/t")))
	})
}

func digestOf(t *testing.T, f *dagger.File) string {
	t.Helper()
	sum, err := f.Digest(t.Context(), dagger.FileDigestOpts{ExcludeMetadata: true})
	require.NoError(t, err)
	return sum
}

func TestImageCompressionAndMediaTypes(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.c.Container().WithNewFile("/f", strings.Repeat("compressible ", 1000))
		for _, c := range []struct {
			compression dagger.ImageLayerCompression
			media       dagger.ImageMediaTypes
			want        types.MediaType
		}{
			{"", "", types.OCILayer},
			{dagger.ImageLayerCompressionGzip, "", types.OCILayer},
			{dagger.ImageLayerCompressionZstd, dagger.ImageMediaTypesOcimediaTypes, types.OCILayerZStd},
			{dagger.ImageLayerCompressionUncompressed, "", types.OCIUncompressedLayer},
			{"", dagger.ImageMediaTypesDockerMediaTypes, types.DockerLayer},
		} {
			path := filepath.Join(t.TempDir(), "image.tar")
			_, err := ctr.Export(t.Context(), path, dagger.ContainerExportOpts{ForcedCompression: c.compression, MediaTypes: c.media})
			require.NoError(t, err)
			for _, img := range images(t, path) {
				manifest, err := img.Manifest()
				require.NoError(t, err)
				for _, l := range manifest.Layers {
					require.Equal(t, c.want, l.MediaType, c)
				}
			}
			require.NotEmpty(t, contents(t, e.c.Container().Import(e.c.Host().File(path)).File("/f")), "%v comes back", c)
		}
	})
}

func TestMultiPlatformImage(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		variant := func(platform dagger.Platform) *dagger.Container {
			return e.c.Container(dagger.ContainerOpts{Platform: platform}).WithNewFile("/arch", string(platform)).WithLabel("for", string(platform))
		}
		path := filepath.Join(t.TempDir(), "image.tar")
		_, err := variant("linux/amd64").Export(t.Context(), path, dagger.ContainerExportOpts{PlatformVariants: []*dagger.Container{variant("linux/arm64"), variant("linux/arm/v7")}})
		require.NoError(t, err)
		found := images(t, path)
		require.Len(t, found, 3)
		for platform, img := range found {
			require.NoError(t, validate.Image(img))
			file, err := img.ConfigFile()
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(file.Config.Labels["for"], platform))
		}
		for _, platform := range []dagger.Platform{"linux/amd64", "linux/arm64", "linux/arm/v7"} {
			ctr := e.c.Container(dagger.ContainerOpts{Platform: platform}).Import(e.c.Host().File(path))
			require.Equal(t, string(platform), contents(t, ctr.File("/arch")))
		}
		_, err = e.c.Container().AsTarball(dagger.ContainerAsTarballOpts{PlatformVariants: []*dagger.Container{e.c.Container()}}).Sync(t.Context())
		require.ErrorContains(t, err, "linux/amd64", "two images for one platform")
	})
}

func TestMountsAreNotInTheImage(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctr := e.bare(t).WithMountedDirectory("/m", e.treeOf(map[string]string{"f": ""})).WithMountedCache("/c", e.c.CacheVolume(unique())).
			WithMountedTemp("/t").WithExec(box("write", "/m/g", "x", ";", "write", "/c/g", "x", ";", "write", "/t/g", "x", ";", "write", "/kept", "x"))
		again := e.c.Container().Import(ctr.AsTarball())
		require.Equal(t, []string{"bin/", "kept", "proc/", "sys/"}, entries(t, again.Rootfs()))
	})
}

func TestExportExpandsVariables(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		dir := t.TempDir()
		path, err := e.c.Container().WithEnvVariable("NAME", "by-env").Export(t.Context(), dir+"/$NAME.tar", dagger.ContainerExportOpts{Expand: true})
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, "by-env.tar"), path)
		require.FileExists(t, path)
	})
}

// The same container gives the same bytes on every engine and from an empty
// state, too.
func TestSameImageEverywhere(t *testing.T) {
	t.Parallel()
	engines := enginetest.Engines(t)
	if len(engines) > 1 {
		fresh, err := enginetest.StartPlain(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { _ = fresh.Close() })
		engines = append(engines, enginetest.Engine{Name: "fresh", Address: fresh.Address})
	}
	sums := map[string]string{}
	for _, eng := range engines {
		e := &env{Engine: eng}
		c := e.connect(t, engine.WithProgress(nil))
		ctr := e.finished(t, c).WithExec(box("true"))
		sums[eng.Name] = digestOf(t, ctr.AsTarball(dagger.ContainerAsTarballOpts{PlatformVariants: []*dagger.Container{
			c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).WithNewFile("/f", "arm"),
		}}))
		require.NoError(t, c.Close())
	}
	for name, sum := range sums {
		require.Equal(t, sums[engines[0].Name], sum, name)
	}
	text, err := json.Marshal(sums)
	require.NoError(t, err)
	t.Logf("%s", text)
}
