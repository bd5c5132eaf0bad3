package ociimage

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	containerd "github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// readAll reads a blob through the archive's store.
func readAll(t testing.TB, a *Archive, desc ocispecs.Descriptor) []byte {
	t.Helper()
	data, err := containerd.ReadBlob(t.Context(), a.Store(), desc)
	require.NoError(t, err)
	require.Equal(t, desc.Digest, digest.FromBytes(data))
	return data
}

func readJSON[T any](t testing.TB, a *Archive, desc ocispecs.Descriptor) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(readAll(t, a, desc), &v))
	return v
}

// requireImage resolves an image and checks that its layer holds the tree.
func requireImage(t *testing.T, a *Archive, tag string, rootfs []byte) ocispecs.Manifest {
	t.Helper()
	desc, config, err := a.Resolve(t.Context(), tag, amd64)
	require.NoError(t, err)
	require.EqualValues(t, desc.Size, len(readAll(t, a, desc)))
	manifest := readJSON[ocispecs.Manifest](t, a, desc)
	require.Equal(t, config, readAll(t, a, manifest.Config))
	require.Len(t, manifest.Layers, 1)
	r, _, err := decompress(bytes.NewReader(readAll(t, a, manifest.Layers[0])))
	require.NoError(t, err)
	defer r.Close()
	requireSameTree(t, treeOf(t, rootfs), treeFrom(t, r))
	return manifest
}

func gzipped(t testing.TB, data []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, err := z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return buf.Bytes()
}

func zstdded(t testing.TB, data []byte) []byte {
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return z.EncodeAll(data, nil)
}

func TestOpenWhatWasWritten(t *testing.T) {
	rootfs := tarOf(t, sampleTree()...)
	for _, compression := range []Compression{Gzip, Zstd, Uncompressed} {
		data := written(t, Options{Compression: compression, Names: []string{"registry.example/app:1.0"}}, sampleImage(t, amd64))
		for _, form := range [][]byte{data, gzipped(t, data), zstdded(t, data)} {
			a := opened(t, form)
			requireImage(t, a, "", rootfs)
			for _, tag := range []string{"1.0", "registry.example/app:1.0"} {
				requireImage(t, a, tag, rootfs)
			}
			require.Equal(t, []string{"registry.example/app:1.0 (linux/amd64)"}, a.List())
		}
	}
}

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.tar")
	_, err := WriteFile(t.Context(), path, []Image{sampleImage(t, amd64)}, Options{})
	require.NoError(t, err)
	a, err := Open(t.Context(), path, OpenOptions{})
	require.NoError(t, err)
	manifest := requireImage(t, a, "", tarOf(t, sampleTree()...))
	require.NoError(t, a.Close())
	_, err = containerd.ReadBlob(t.Context(), a.Store(), manifest.Layers[0])
	require.ErrorIs(t, err, os.ErrClosed)

	_, err = Open(t.Context(), filepath.Join(t.TempDir(), "none.tar"), OpenOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(t.Context(), t.TempDir(), OpenOptions{})
	require.ErrorContains(t, err, "not a file")
}

// dockerSave lays an image out as `docker save` did before it wrote OCI layouts.
func dockerSave(t testing.TB, rootfs []byte, layer item, more ...item) []byte {
	t.Helper()
	config, err := json.Marshal(ocispecs.Image{
		Platform: amd64,
		RootFS:   ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(rootfs)}},
	})
	require.NoError(t, err)
	id := digest.FromBytes(config).Encoded()
	manifest, err := json.Marshal([]dockerImage{{Config: id + ".json", RepoTags: []string{"app:1.0", "other:2"}, Layers: []string{layer.Name}}})
	require.NoError(t, err)
	items := append([]item{dir("0123"), file("0123/VERSION", "1.0"), layer}, more...)
	return tarOf(t, append(items, file(id+".json", string(config)), file("manifest.json", string(manifest)), file("repositories", "{}"))...)
}

func TestOpenDockerSave(t *testing.T) {
	rootfs := tarOf(t, sampleTree()...)
	for name, c := range map[string]struct {
		data      []byte
		mediaType string
	}{
		"plain":     {dockerSave(t, rootfs, file("0123/layer.tar", string(rootfs))), ocispecs.MediaTypeImageLayer},
		"shared":    {dockerSave(t, rootfs, symlink("0123/layer.tar", "../4567/layer.tar"), file("4567/layer.tar", string(rootfs))), ocispecs.MediaTypeImageLayer},
		"hard link": {dockerSave(t, rootfs, link("0123/layer.tar", "4567/layer.tar"), file("4567/layer.tar", string(rootfs))), ocispecs.MediaTypeImageLayer},
		"gzip":      {dockerSave(t, rootfs, file("0123/layer.tar", string(gzipped(t, rootfs)))), ocispecs.MediaTypeImageLayerGzip},
		"zstd":      {dockerSave(t, rootfs, file("0123/layer.tar", string(zstdded(t, rootfs)))), ocispecs.MediaTypeImageLayerZstd},
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range [][]byte{c.data, gzipped(t, c.data)} {
				a := opened(t, form)
				for _, tag := range []string{"", "1.0", "app:1.0", "2", "docker.io/library/other:2"} {
					manifest := requireImage(t, a, tag, rootfs)
					require.Equal(t, c.mediaType, manifest.Layers[0].MediaType)
				}
			}
		})
	}
}

func TestOpenCraneTarball(t *testing.T) {
	img := craneImage(t, written(t, Options{}, sampleImage(t, amd64)))
	ref, err := name.NewTag("registry.example/app:1.0")
	require.NoError(t, err)
	var buf bytes.Buffer
	require.NoError(t, tarball.Write(ref, img, &buf))
	requireImage(t, opened(t, buf.Bytes()), "registry.example/app:1.0", tarOf(t, sampleTree()...))
}

func TestOpenBoundsUnpacking(t *testing.T) {
	bomb := gzipped(t, make([]byte, 4<<20))
	temp := t.TempDir()
	_, err := openArchive(t.Context(), "bomb.tar", bytes.NewReader(bomb), int64(len(bomb)), OpenOptions{TempDir: temp, MaxUnpacked: 1 << 20})
	require.ErrorContains(t, err, "unpacks to more than 1048576 bytes")
	require.Empty(t, listing(t, temp))
}

func TestStore(t *testing.T) {
	a := opened(t, written(t, Options{}, sampleImage(t, amd64)))
	store := a.Store()
	seen := map[digest.Digest]int64{}
	require.NoError(t, store.Walk(t.Context(), func(info containerd.Info) error {
		seen[info.Digest] = info.Size
		return nil
	}))
	require.Len(t, seen, 3)
	desc, _, err := a.Resolve(t.Context(), "", amd64)
	require.NoError(t, err)
	require.Equal(t, desc.Size, seen[desc.Digest])

	r, err := store.ReaderAt(t.Context(), desc)
	require.NoError(t, err)
	defer r.Close()
	half := make([]byte, 10)
	_, err = r.ReadAt(half, r.Size()-5)
	require.ErrorIs(t, err, io.EOF, "a blob ends where it ends")

	_, err = store.Info(t.Context(), digest.FromString("nothing"))
	require.ErrorIs(t, err, errdefs.ErrNotFound)
	_, err = store.Writer(t.Context())
	require.ErrorIs(t, err, errdefs.ErrNotImplemented)
	require.ErrorIs(t, store.Delete(t.Context(), desc.Digest), errdefs.ErrNotImplemented)
}
