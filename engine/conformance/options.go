package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

// Paths of all calls that take "expand" have the container's variables replaced.
func testExpand(t *testing.T, e *env) {
	ctr := e.box(t).WithEnvVariable("D", "dir").
		WithFile("/$D/one", e.c.File("one", "1"), dagger.ContainerWithFileOpts{Expand: true}).
		WithFiles("/${D}", []*dagger.File{e.c.File("two", "2"), e.c.File("three", "3")}, dagger.ContainerWithFilesOpts{Expand: true}).
		WithNewFile("/$D/gone/f", "", dagger.ContainerWithNewFileOpts{Expand: true}).
		WithoutDirectory("/$D/gone", dagger.ContainerWithoutDirectoryOpts{Expand: true}).
		WithoutFiles([]string{"/$D/three"}, dagger.ContainerWithoutFilesOpts{Expand: true})
	require.Equal(t, []string{"one", "two"}, entries(t, ctr.Directory("/dir")))

	mounted := ctr.
		WithMountedCache("/$D/cache", e.c.CacheVolume(unique()), dagger.ContainerWithMountedCacheOpts{Expand: true}).
		WithMountedTemp("/$D/temp", dagger.ContainerWithMountedTempOpts{Expand: true}).
		WithMountedFile("/$D/file", e.c.File("f", "mounted"), dagger.ContainerWithMountedFileOpts{Expand: true}).
		WithMountedDirectory("/$D/folder", e.c.Directory(), dagger.ContainerWithMountedDirectoryOpts{Expand: true}).
		WithoutMount("/$D/folder", dagger.ContainerWithoutMountOpts{Expand: true})
	mounts, err := mounted.Mounts(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"/dir/cache", "/dir/temp", "/dir/file"}, mounts)
	require.Equal(t, "mounted", run(t, mounted, "cat", "/dir/file"))

	fresh, err := ctr.WithFile("/$D", e.c.File("f", "literal")).File("/$D").Contents(t.Context())
	require.NoError(t, err)
	require.Equal(t, "literal", fresh, "without it nothing is replaced")
}

func testWithoutExposedPort(t *testing.T, e *env) {
	ctr := e.c.Container().WithExposedPort(80).WithExposedPort(80, dagger.ContainerWithExposedPortOpts{Protocol: dagger.NetworkProtocolUdp})
	ports, err := ctr.WithoutExposedPort(80, dagger.ContainerWithoutExposedPortOpts{Protocol: dagger.NetworkProtocolUdp}).ExposedPorts(t.Context())
	require.NoError(t, err)
	require.Len(t, ports, 1)
	protocol, err := ports[0].Protocol(t.Context())
	require.NoError(t, err)
	require.Equal(t, dagger.NetworkProtocolTcp, protocol)
}

func testStatOfLinks(t *testing.T, e *env) {
	ctr := e.c.Container().WithNewFile("/f", "x").WithSymlink("/f", "/l")
	kind, err := ctr.Stat("/l").FileType(t.Context())
	require.NoError(t, err)
	require.Equal(t, dagger.FileTypeRegular, kind)
	kind, err = ctr.Stat("/l", dagger.ContainerStatOpts{DoNotFollowSymlinks: true}).FileType(t.Context())
	require.NoError(t, err)
	require.Equal(t, dagger.FileTypeSymlink, kind)
}

func testPermissionsOfCopies(t *testing.T, e *env) {
	src := e.treeOf(map[string]string{"f": "x"})
	want := lines("f file 0640 0:0 1")
	got := e.c.Directory().WithDirectory("d", src, dagger.DirectoryWithDirectoryOpts{Permissions: 0o640})
	require.Equal(t, want, e.tree(t, got.Directory("d")))
	ctr := e.c.Container().WithDirectory("/d", src, dagger.ContainerWithDirectoryOpts{Permissions: 0o640})
	require.Equal(t, want, e.tree(t, ctr.Directory("/d")))
}

func testFindUpOptions(t *testing.T, e *env) {
	name := "found-" + unique()
	got, err := e.c.Host().FindUp(t.Context(), name)
	require.NoError(t, err)
	require.Empty(t, got)
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	t.Cleanup(func() { _ = os.Remove(name) })
	got, err = e.c.Host().FindUp(t.Context(), name, dagger.HostFindUpOpts{NoCache: true})
	require.NoError(t, err)
	require.Equal(t, name, filepath.Base(got))

	dir := e.treeOf(map[string]string{"a/b/c/": "", "a/mark": ""})
	got, err = dir.FindUp(t.Context(), "mark", "a/b/c")
	require.NoError(t, err)
	require.Equal(t, "mark", filepath.Base(got))
	require.Contains(t, got, "a")
}

func testDigests(t *testing.T, e *env) {
	one, err := e.treeOf(map[string]string{"f": "x"}).Digest(t.Context())
	require.NoError(t, err)
	same, err := e.c.Directory().WithNewFile("g", "x").WithoutFile("g").WithNewFile("f", "x").Digest(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, same)
	other, err := e.treeOf(map[string]string{"f": "y"}).Digest(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, one, other)
}

func testOwnerOfACacheVolume(t *testing.T, e *env) {
	volume := e.c.CacheVolume(unique(), dagger.CacheVolumeOpts{Owner: "7:8"})
	require.Contains(t, run(t, e.box(t).WithMountedCache("/c", volume), "stat", "/c"), " 7:8 ")
}

func testVersion(t *testing.T, e *env) {
	version, err := e.c.Version(t.Context())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(version, "v"), version)
}

func testSecrets(t *testing.T, e *env) {
	ctx := t.Context()
	value := "secret-" + unique()
	secret := e.c.SetSecret("name-"+value, value)
	name, err := secret.Name(ctx)
	require.NoError(t, err)
	require.Equal(t, "name-"+value, name)
	plain, err := secret.Plaintext(ctx)
	require.NoError(t, err)
	require.Equal(t, value, plain)
	path := filepath.Join(hostTree(t, map[string]string{"s": value}), "s")
	fromFile := e.c.Secret("file://" + path)
	uri, err := fromFile.URI(ctx)
	require.NoError(t, err)
	require.Equal(t, "file://"+path, uri)

	ctr := e.box(t).WithSecretVariable("S", secret).WithMountedSecret("/run/s", fromFile)
	require.Equal(t, "***\n***", run(t, ctr, "env", "S", ";", "cat", "/run/s"))
	hashed := run(t, ctr, "hash", "/run/s")
	require.Equal(t, run(t, e.box(t).WithNewFile("/run/s", value), "hash", "/run/s"), hashed, "commands see the value")
	require.NotContains(t, run(t, ctr.WithoutSecretVariable("S"), "env"), "\nS=")
	owned := e.box(t).WithEnvVariable("D", "dir").WithMountedSecret("/$D/s", e.c.Secret("file://"+path, dagger.SecretOpts{CacheKey: unique()}),
		dagger.ContainerWithMountedSecretOpts{Owner: "7:8", Mode: 0o440, Expand: true})
	require.Contains(t, run(t, owned, "stat", "/dir/s"), "/dir/s file 0440 7:8 ")
	volatile := e.box(t).WithVolatileVariable("V", value)
	require.Equal(t, value+"\n", run(t, volatile.WithEnvVariable("N", unique()), "env", "V"))
	require.NotContains(t, run(t, volatile.WithoutVolatileVariable("V"), "env"), value)
}

func testImageArchives(t *testing.T, e *env) {
	ctx := t.Context()
	other := e.c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).WithNewFile("/f", "arm")
	ctr := e.c.Container(dagger.ContainerOpts{Platform: "linux/amd64"}).WithNewFile("/f", "amd").WithEnvVariable("NAME", "named").WithLabel("l", "v")
	for i, compression := range []dagger.ImageLayerCompression{dagger.ImageLayerCompressionGzip, dagger.ImageLayerCompressionZstd, dagger.ImageLayerCompressionUncompressed} {
		media := []dagger.ImageMediaTypes{dagger.ImageMediaTypesOcimediaTypes, dagger.ImageMediaTypesDockerMediaTypes}[i%2]
		archive := ctr.AsTarball(dagger.ContainerAsTarballOpts{PlatformVariants: []*dagger.Container{other}, ForcedCompression: compression, MediaTypes: media})
		written, err := ctr.Export(ctx, fmt.Sprintf("%s/$NAME-%d.tar", t.TempDir(), i), dagger.ContainerExportOpts{
			PlatformVariants: []*dagger.Container{other}, ForcedCompression: compression, MediaTypes: media, Expand: true,
		})
		require.NoError(t, err)
		require.Contains(t, written, "/named-")
		for _, from := range []*dagger.File{archive, e.c.Host().File(written)} {
			require.Equal(t, "arm", contents(t, e.c.Container(dagger.ContainerOpts{Platform: "linux/arm64"}).Import(from).File("/f")))
			again := e.c.Container(dagger.ContainerOpts{Platform: "linux/amd64"}).Import(from)
			label, err := again.Label(ctx, "l")
			require.NoError(t, err)
			require.Equal(t, "v", label)
		}
	}
}
