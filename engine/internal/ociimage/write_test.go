package ociimage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

func sampleImage(t testing.TB, p ocispecs.Platform) Image {
	return Image{
		Platform:    p,
		Config:      ocispecs.ImageConfig{Entrypoint: []string{"/bin/app"}, User: "65534", Env: []string{"A=1"}, Labels: map[string]string{"a": "config", "b": "config"}},
		Labels:      map[string]string{"a": "image"},
		Annotations: map[string]string{ocispecs.AnnotationRevision: "abc"},
		Rootfs:      opener(tarOf(t, sampleTree()...)),
	}
}

// craneImage reads an archive the way crane does.
func craneImage(t *testing.T, data []byte) v1.Image {
	t.Helper()
	img, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, nil)
	require.NoError(t, err)
	return img
}

// craneLayout unpacks an archive and reads it as an OCI image layout.
func craneLayout(t *testing.T, data []byte) v1.ImageIndex {
	t.Helper()
	root := t.TempDir()
	for _, i := range untar(t, bytes.NewReader(data)) {
		path := filepath.Join(root, i.Name)
		if i.FileInfo().IsDir() {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		require.NoError(t, os.WriteFile(path, []byte(i.body), 0o644))
	}
	index, err := layout.ImageIndexFromPath(root)
	require.NoError(t, err)
	return index
}

// requireValid checks every digest and size of an image. The validator knows
// gzip alone, so of other compressions the layers' content is checked.
func requireValid(t *testing.T, img v1.Image, c Compression) {
	t.Helper()
	if c == Gzip {
		require.NoError(t, validate.Image(img))
	}
	layers, err := img.Layers()
	require.NoError(t, err)
	require.NotEmpty(t, layers)
	for _, l := range layers {
		r, err := l.Uncompressed()
		require.NoError(t, err)
		defer r.Close()
		m := newMeter()
		_, err = io.Copy(m, r)
		require.NoError(t, err)
		want, err := l.DiffID()
		require.NoError(t, err)
		require.Equal(t, want.String(), m.digest().String())
	}
}

func TestWriteIsReadByOthers(t *testing.T) {
	for _, types := range []MediaTypes{OCI, Docker} {
		for _, compression := range []Compression{Gzip, Zstd, Uncompressed} {
			t.Run(string(types)+" "+string(compression), func(t *testing.T) {
				img := sampleImage(t, amd64)
				if types == Docker {
					img.Annotations = nil
				}
				data := written(t, Options{Compression: compression, MediaTypes: types, Names: []string{"app:1.0"}}, img)

				docker := craneImage(t, data)
				requireValid(t, docker, compression)
				index := craneLayout(t, data)
				list, err := index.IndexManifest()
				require.NoError(t, err)
				require.Len(t, list.Manifests, 1)
				require.Equal(t, "1.0", list.Manifests[0].Annotations[ocispecs.AnnotationRefName])
				oci, err := index.Image(list.Manifests[0].Digest)
				require.NoError(t, err)
				if compression != Uncompressed { // layouts' layers are taken to be compressed
					requireValid(t, oci, compression)
				}

				manifest, err := oci.Manifest()
				require.NoError(t, err)
				require.Equal(t, types.manifest(), string(manifest.MediaType))
				require.Equal(t, types.config(), string(manifest.Config.MediaType))
				require.Equal(t, types.layer(compression), string(manifest.Layers[0].MediaType))

				dockerID, err := docker.ConfigName()
				require.NoError(t, err)
				require.Equal(t, manifest.Config.Digest, dockerID)
			})
		}
	}
}

func TestWriteKeepsTheTree(t *testing.T) {
	img := craneImage(t, written(t, Options{}, sampleImage(t, amd64)))
	layers, err := img.Layers()
	require.NoError(t, err)
	r, err := layers[0].Uncompressed()
	require.NoError(t, err)
	defer r.Close()
	requireSameTree(t, treeOf(t, tarOf(t, sampleTree()...)), treeFrom(t, r))
}

func TestWriteConfig(t *testing.T) {
	img := sampleImage(t, arm64)
	img.Platform.Variant = "v8"
	img.Docker = &dockerspec.DockerOCIImageConfigExt{Shell: []string{"/bin/app", "-c"}}
	at := time.Unix(1700000000, 5)
	_, config, err := opened(t, written(t, Options{Time: at}, img)).Resolve(t.Context(), "", arm64)
	require.NoError(t, err)

	var got dockerspec.DockerOCIImage
	require.NoError(t, json.Unmarshal(config, &got))
	require.Equal(t, arm64, got.Platform)
	require.Equal(t, []string{"/bin/app"}, got.Config.Entrypoint)
	require.Equal(t, []string{"/bin/app", "-c"}, got.Config.Shell)
	require.Equal(t, map[string]string{"a": "image", "b": "config"}, got.Config.Labels)
	require.Equal(t, at.Unix(), got.Created.Unix())
	require.Len(t, got.History, 1)
	require.Equal(t, "bodkin", got.History[0].CreatedBy)
	require.Equal(t, map[string]string{"a": "config", "b": "config"}, img.Config.Labels, "the caller's map is left alone")
}

func TestWriteSeveralPlatforms(t *testing.T) {
	one, two := sampleImage(t, arm64), sampleImage(t, amd64)
	data := written(t, Options{}, one, two)
	require.Equal(t, data, written(t, Options{}, two, one), "the order of images does not matter")

	top, err := craneLayout(t, data).IndexManifest()
	require.NoError(t, err)
	require.Len(t, top.Manifests, 1)
	index, err := craneLayout(t, data).ImageIndex(top.Manifests[0].Digest)
	require.NoError(t, err)
	list, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, list.Manifests, 2)
	require.Equal(t, "linux/amd64", list.Manifests[0].Platform.String())
	require.Equal(t, "linux/arm64", list.Manifests[1].Platform.String())

	config, err := craneImage(t, data).ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "amd64", config.Architecture, "Docker's readers get linux/amd64")
}

func TestWriteReturnsTheRootDigest(t *testing.T) {
	var buf bytes.Buffer
	d, err := Write(t.Context(), &buf, []Image{sampleImage(t, amd64)}, Options{})
	require.NoError(t, err)
	top, err := craneLayout(t, buf.Bytes()).IndexManifest()
	require.NoError(t, err)
	require.Equal(t, d.String(), top.Manifests[0].Digest.String())
}

func TestWriteRefuses(t *testing.T) {
	good := sampleImage(t, amd64)
	change := func(f func(*Image)) []Image { img := good; f(&img); return []Image{img} }
	for name, c := range map[string]struct {
		images []Image
		opts   Options
		want   string
	}{
		"no image":         {nil, Options{}, "at least one image"},
		"no platform":      {change(func(i *Image) { i.Platform = ocispecs.Platform{} }), Options{}, "needs a platform"},
		"no files":         {change(func(i *Image) { i.Rootfs = nil }), Options{}, "no root file system"},
		"same platform":    {[]Image{good, good}, Options{}, "two images are for linux/amd64"},
		"estargz":          {[]Image{good}, Options{Compression: "EStarGZ"}, "EStarGZ is not served"},
		"compression":      {[]Image{good}, Options{Compression: "brotli"}, `unknown layer compression "brotli"`},
		"media types":      {[]Image{good}, Options{MediaTypes: "tar"}, `unknown image media types "tar"`},
		"annotations":      {[]Image{good}, Options{MediaTypes: Docker}, "use OCI media types"},
		"name":             {[]Image{good}, Options{Names: []string{"No Name"}}, `image name "No Name"`},
		"name with digest": {[]Image{good}, Options{Names: []string{"a@sha256:" + string(bytes.Repeat([]byte("0"), 64))}}, "not a digest"},
		"time":             {[]Image{good}, Options{Time: time.Unix(-1, 0)}, "before 1970"},
		"broken tar":       {change(func(i *Image) { i.Rootfs = opener([]byte("not a tar, but long enough" + string(make([]byte, 600)))) }), Options{}, "building the image for linux/amd64: reading the root file system"},
		"no stream": {change(func(i *Image) {
			i.Rootfs = func(context.Context) (io.ReadCloser, error) { return nil, errors.New("solve failed") }
		}), Options{}, "opening the root file system: solve failed"},
	} {
		t.Run(name, func(t *testing.T) {
			var buf bytes.Buffer
			_, err := Write(t.Context(), &buf, c.images, c.opts)
			require.ErrorContains(t, err, c.want)
			require.Zero(t, buf.Len())
		})
	}
}

func TestWriteEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	img := sampleImage(t, amd64)
	pr, pw := io.Pipe() // an engine that never answers
	defer pw.Close()
	img.Rootfs = func(context.Context) (io.ReadCloser, error) {
		go cancel()
		return pr, nil
	}
	_, err := Write(ctx, io.Discard, []Image{img}, Options{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestWriteNoticesHalfAnExport(t *testing.T) {
	shuffled := tarOf(t, sampleTree()...)
	inOrder := tarOf(t, layerItems(t, written(t, Options{}, sampleImage(t, amd64)))...)
	for name, whole := range map[string][]byte{"any order": shuffled, "in order": inOrder} {
		t.Run(name, func(t *testing.T) { noticesHalf(t, whole) })
	}
}

func noticesHalf(t *testing.T, whole []byte) {
	end := len(whole) - 1024 // where the end mark begins
	torn := errors.New("engine went away")
	bytesTo := func(end int) func() io.Reader { return func() io.Reader { return bytes.NewReader(whole[:end]) } }
	tornAt := func(end int) func() io.Reader {
		return func() io.Reader { return io.MultiReader(bytes.NewReader(whole[:end]), iotest.ErrReader(torn)) }
	}
	for name, c := range map[string]struct {
		stream func() io.Reader
		want   error
	}{
		"nothing":             {bytesTo(0), io.ErrUnexpectedEOF},
		"in a content":        {bytesTo(1000), io.ErrUnexpectedEOF},
		"between entries":     {bytesTo(end), io.ErrUnexpectedEOF},
		"error instead":       {tornAt(end), torn},
		"error after the end": {tornAt(len(whole)), torn},
	} {
		t.Run(name, func(t *testing.T) {
			img := sampleImage(t, amd64)
			img.Rootfs = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(c.stream()), nil }
			_, err := Write(t.Context(), io.Discard, []Image{img}, Options{})
			require.ErrorIs(t, err, c.want)
		})
	}
}
