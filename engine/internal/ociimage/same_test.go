package ociimage

import (
	"archive/tar"
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"
)

// goldenDigests are those of the golden image. A change here changes the digest
// of every image that anybody packages: it has to be meant, and be said in the
// release notes.
var goldenDigests = map[Compression]string{
	Gzip:         "sha256:c52534bed77a242db288b23d95e9f652210daa5f86aa59c6916e51c1a15011cb",
	Zstd:         "sha256:e40a09d4ecca2617925667fb6b1b989dc58d2c5f7f4411cbe954d86b16c4123d",
	Uncompressed: "sha256:848059fcd9ef8554f9e912c7e6eb5b1793b42cbe15dab549fe2dbffcc498d9f9",
}

// goldenImage has everything in it, and a file larger than one block of any
// compressor.
func goldenImage(t *testing.T) Image {
	img := sampleImage(t, amd64)
	img.Rootfs = opener(tarOf(t, append(sampleTree(), file("large", string(compressible(3<<20))))...))
	return img
}

func TestWriteGoldenDigest(t *testing.T) {
	have := map[Compression]string{}
	for compression := range goldenDigests {
		d, err := Write(t.Context(), io.Discard, []Image{goldenImage(t)}, Options{Compression: compression, TempDir: t.TempDir()})
		require.NoError(t, err)
		have[compression] = d.String()
	}
	require.Equal(t, goldenDigests, have)
}

// compressible returns n bytes, always the same, that a compressor has work with.
func compressible(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.IntN(32)) * byte(random.IntN(2))
	}
	return out
}

func TestWriteIgnoresOrderTimesAndMachine(t *testing.T) {
	img := sampleImage(t, amd64)
	want := digest.FromBytes(written(t, Options{}, img))
	for seed := range uint64(8) {
		items := shuffled(sampleTree(), seed)
		if seed%2 == 1 { // another exporter: other forms of names, folders implied
			for i := range items {
				items[i] = items[i].with(func(h *tar.Header) { h.Name = "./" + h.Name })
			}
			items = append(items, dir("."))
		}
		img.Rootfs = opener(tarOf(t, items...))
		require.Equal(t, want, digest.FromBytes(written(t, Options{}, img)))
	}
}

func TestWriteIgnoresWhichLinkIsTheFile(t *testing.T) {
	trees := [][]item{
		{file("a", "x"), link("b", "a"), link("c", "a")},
		{file("c", "x"), link("a", "c"), link("b", "c")},
		{link("a", "b"), link("c", "./a"), file("b", "x")},
	}
	var want []byte
	for _, items := range trees {
		data := written(t, Options{}, Image{Platform: amd64, Rootfs: opener(tarOf(t, items...))})
		if want == nil {
			want = data
		}
		require.Equal(t, want, data)
	}
	items := layerItems(t, want)
	require.Equal(t, []string{"a", "b", "c"}, namesIn(items))
	require.EqualValues(t, tar.TypeReg, items[0].Typeflag)
	require.Equal(t, []string{"a", "a"}, []string{items[1].Linkname, items[2].Linkname})
}

func TestCompressionIgnoresProcessorsAndWriteSizes(t *testing.T) {
	input := compressible(5 << 20)
	for _, c := range []Compression{Gzip, Zstd} {
		var want []byte
		for _, processors := range []int{1, 2, 7} {
			for _, chunk := range []int{len(input), 1 << 20, 4093} {
				var out bytes.Buffer
				z, err := newCompressorOn(processors, c, &out)
				require.NoError(t, err)
				for rest := input; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
					_, err := z.Write(rest[:min(chunk, len(rest))])
					require.NoError(t, err)
				}
				require.NoError(t, z.Close())
				if want == nil {
					want = out.Bytes()
				}
				require.True(t, bytes.Equal(want, out.Bytes()), "%s on %d processors, writes of %d", c, processors, chunk)
			}
		}
		r, found, err := decompress(bytes.NewReader(want))
		require.NoError(t, err)
		require.Equal(t, c, found)
		back, err := io.ReadAll(r)
		require.NoError(t, err)
		require.True(t, bytes.Equal(input, back))
	}
}

// layerItems are the entries of an archive's top layer.
func layerItems(t *testing.T, data []byte) []item {
	t.Helper()
	layers, err := craneImage(t, data).Layers()
	require.NoError(t, err)
	r, err := layers[len(layers)-1].Uncompressed()
	require.NoError(t, err)
	defer r.Close()
	return untar(t, r)
}
