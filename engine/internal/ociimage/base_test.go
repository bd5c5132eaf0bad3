package ociimage

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// baseOf makes the image of an archive a base, of what has changes over it.
func baseOf(t *testing.T, data, changes []byte, withDiffIDs bool) *Base {
	t.Helper()
	a := opened(t, data)
	desc, config, err := a.Resolve(t.Context(), "", ocispecs.Platform{})
	require.NoError(t, err)
	manifest := readJSON[ocispecs.Manifest](t, a, desc)
	var img ocispecs.Image
	require.NoError(t, decode(config, &img, "config"))
	base := &Base{History: img.History, Changes: opener(changes)}
	for i, l := range manifest.Layers {
		layer := Layer{Descriptor: l, Open: func(ctx context.Context) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(readAll(t, a, l))), nil
		}}
		if withDiffIDs {
			layer.DiffID = img.RootFS.DiffIDs[i]
		}
		base.Layers = append(base.Layers, layer)
	}
	return base
}

func TestWriteOnBase(t *testing.T) {
	lower := tarOf(t, dir("d"), file("d/a", "one"), file("d/b", "two"))
	changes := tarOf(t, file("d/c", "three"), dir("d"), file("d/.wh.a", ""))
	for _, compression := range []Compression{Gzip, Zstd, Uncompressed} {
		baseArchive := written(t, Options{Compression: compression}, Image{Platform: amd64, Rootfs: opener(lower)})
		img := Image{Platform: amd64, Base: baseOf(t, baseArchive, changes, true)}
		data := written(t, Options{}, img)

		require.Equal(t, []string{"d/", "d/.wh.a", "d/c"}, namesIn(layerItems(t, data)))

		img.Base = baseOf(t, baseArchive, changes, false)
		require.Equal(t, data, written(t, Options{}, img), "diff IDs are computed when they are not given")

		img.Base.Changes = opener(tarOf(t))
		same := craneImage(t, written(t, Options{}, img))
		layers, err := same.Layers()
		require.NoError(t, err)
		require.Len(t, layers, 1, "an image like its base gets no layer")
	}
}

func TestWriteOnBaseCompression(t *testing.T) {
	lower, upper := tarOf(t, file("a", "one")), tarOf(t, file("a", "two"))
	for _, c := range []struct{ base, asked, below, above Compression }{
		{Gzip, "", Gzip, Gzip},
		{Zstd, "", Zstd, Gzip},
		{Uncompressed, "", Gzip, Gzip},
		{Gzip, Zstd, Zstd, Zstd},
		{Zstd, Gzip, Gzip, Gzip},
		{Gzip, Uncompressed, Uncompressed, Uncompressed},
	} {
		baseArchive := written(t, Options{Compression: c.base}, Image{Platform: amd64, Rootfs: opener(lower)})
		a := opened(t, written(t, Options{Compression: c.asked}, Image{
			Platform: amd64, Base: baseOf(t, baseArchive, upper, true),
		}))
		desc, config, err := a.Resolve(t.Context(), "", amd64)
		require.NoError(t, err)
		manifest := readJSON[ocispecs.Manifest](t, a, desc)
		var img ocispecs.Image
		require.NoError(t, decode(config, &img, "config"))
		for i, want := range []Compression{c.below, c.above} {
			require.Equal(t, OCI.layer(want), manifest.Layers[i].MediaType)
			r, have, err := decompress(bytes.NewReader(readAll(t, a, manifest.Layers[i])))
			require.NoError(t, err)
			require.Equal(t, want, have)
			plain, err := io.ReadAll(r)
			require.NoError(t, err)
			require.Equal(t, img.RootFS.DiffIDs[i], digest.FromBytes(plain))
		}
	}
}

func TestWriteOnBaseExtracts(t *testing.T) {
	lower := tarOf(t, dir("d"), file("d/a", "one"), file("d/b", "two"))
	upper := tarOf(t, dir("d"), file("d/b", "new"), dir("e"), file("e/c", "three"))
	baseArchive := written(t, Options{}, Image{Platform: amd64, Rootfs: opener(lower)})
	changes := tarOf(t, dir("d"), file("d/.wh.a", ""), file("d/b", "new"), dir("e"), file("e/c", "three"))
	img := craneImage(t, written(t, Options{MediaTypes: Docker}, Image{
		Platform: amd64, Base: baseOf(t, baseArchive, changes, true),
	}))
	require.NoError(t, validate.Image(img))
	config, err := img.ConfigFile()
	require.NoError(t, err)
	require.Len(t, config.History, 2)
	r := mutate.Extract(img)
	defer r.Close()
	have := treeFrom(t, r)
	requireSameTree(t, treeOf(t, upper), have)
}

func TestWriteRefusesWrongBase(t *testing.T) {
	lower := tarOf(t, file("a", "one"))
	baseArchive := written(t, Options{}, Image{Platform: amd64, Rootfs: opener(lower)})
	for name, c := range map[string]struct {
		change func(*Base)
		want   string
	}{
		"other content": {func(b *Base) { b.Layers[0].Open = opener(bytes.Repeat([]byte("x"), int(b.Layers[0].Descriptor.Size))) }, "other content than its digest says"},
		"shorter":       {func(b *Base) { b.Layers[0].Open = opener([]byte("x")) }, "ends after 1 of"},
		"longer":        {func(b *Base) { b.Layers[0].Open = opener(make([]byte, 1<<20)) }, "is longer than its"},
		"digest":        {func(b *Base) { b.Layers[0].Descriptor.Digest = "sha256:12" }, `base layer "sha256:12"`},
		"history":       {func(b *Base) { b.History = append(b.History, ocispecs.History{}) }, "tells of 2 layers, but it has 1"},
		"no tree":       {func(b *Base) { b.Changes = nil }, "nobody says what differs"},
	} {
		t.Run(name, func(t *testing.T) {
			base := baseOf(t, baseArchive, lower, true)
			c.change(base)
			_, err := Write(t.Context(), io.Discard, []Image{{Platform: amd64, Base: base}}, Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
}
