package ociimage

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

func untarBytes(t testing.TB, data []byte) []item { return untar(t, bytes.NewReader(data)) }

// layoutWith is a layout with one image and something wrong.
func layoutWith(t testing.TB, spoil func(l *layoutTar)) []byte {
	l := newLayoutTar(t)
	l.add(l.image(amd64, "good"), "")
	spoil(l)
	return l.bytes()
}

// hostile are archives that must be refused, with what the error says.
func hostile(t testing.TB) map[string]struct {
	data []byte
	want string
} {
	good := layoutWith(t, func(*layoutTar) {})
	manifestOf := func(l *layoutTar, layers ...ocispecs.Descriptor) ocispecs.Descriptor {
		return l.blob(ocispecs.MediaTypeImageManifest, ocispecs.Manifest{
			Versioned: specs.Versioned{SchemaVersion: 2},
			Config:    l.blob(ocispecs.MediaTypeImageConfig, ocispecs.Image{Platform: amd64}),
			Layers:    layers,
		})
	}
	rootfs := tarOf(t, file("a", "x"))
	type c = struct {
		data []byte
		want string
	}
	return map[string]c{
		"empty":       {nil, "neither index.json (OCI) nor manifest.json"},
		"text":        {[]byte(strings.Repeat("not a tar ", 100)), "not a tar, or a broken one"},
		"other tar":   {rootfs, "not an image archive"},
		"truncated":   {good[:len(good)/2], "ends in the middle"},
		"cut gzip":    {gzipped(t, good)[:100], "decompressing"},
		"xz":          {[]byte("\xfd7zXZ\x00 and so on"), "compressed with xz, which is not read"},
		"bzip2":       {[]byte("BZh91AY&SY"), "compressed with bzip2, which is not read"},
		"no index":    {tarOf(t, file(layoutFile, "{}")), "without its index.json"},
		"old docker":  {tarOf(t, file("repositories", "{}")), "older than 1.10"},
		"version":     {tarOf(t, file(layoutFile, `{"imageLayoutVersion":"7"}`), file(indexFile, "{}")), `version "7" is not known`},
		"no JSON":     {tarOf(t, file(indexFile, "{")), "index.json is not what it should be"},
		"wrong JSON":  {tarOf(t, file(indexFile, `{"schemaVersion":1}`)), "index.json is not an image index"},
		"no image":    {tarOf(t, file(indexFile, `{"schemaVersion":2}`)), "lists no image"},
		"climbs":      {tarOf(t, file("blobs/../../x", "")), "climbs out of the archive"},
		"absolute":    {tarOf(t, file("/etc/passwd", "")), "not a name inside the archive"},
		"link climbs": {tarOf(t, symlink("a/layer.tar", "../../x")), "leads out of the archive"},
		"link leaves": {tarOf(t, symlink("layer.tar", "/etc/shadow")), "leads out of the archive"},
		"hard climbs": {tarOf(t, link("layer.tar", "../x")), "climbs out of the archive"},
		"link loop":   {tarOf(t, symlink(indexFile, "b"), symlink("b", indexFile)), "more than 8 links"},
		"dangling":    {tarOf(t, symlink(indexFile, "b")), `"b" is missing`},
		"twice":       {tarOf(t, file(indexFile, "{}"), file("./"+indexFile, "{}")), `"index.json" appears twice`},
		"device":      {tarOf(t, item{Header: tar.Header{Typeflag: tar.TypeChar, Name: "a"}}), "no entries of type"},
		"large index": {tarOf(t, file(indexFile, strings.Repeat(" ", maxDocument+1))), "more than the 4194304 that such a document may have"},

		"damaged manifest": {layoutWith(t, func(l *layoutTar) {
			last := &l.items[len(l.items)-1]
			last.body = strings.Replace(last.body, `"schemaVersion":2`, `"schemaVersion":3`, 1)
		}), "is damaged"},
		"damaged configuration": {layoutWith(t, func(l *layoutTar) {
			l.items[0].body = strings.Replace(l.items[0].body, "good", "evil", 1)
		}), "is damaged"},
		"missing configuration": {layoutWith(t, func(l *layoutTar) { l.items = l.items[1:] }), "is missing"},
		"size of a manifest":    {layoutWith(t, func(l *layoutTar) { l.index.Manifests[0].Size++ }), "are listed"},
		"negative size":         {layoutWith(t, func(l *layoutTar) { l.index.Manifests[0].Size = -1 }), "are listed"},
		"digest of a manifest":  {layoutWith(t, func(l *layoutTar) { l.index.Manifests[0].Digest = "../../x" }), `digest "../../x"`},
		"two media types": {layoutWith(t, func(l *layoutTar) {
			l.index.Manifests[0].MediaType = dockerManifest
		}), "calls itself"},
		"old schema": {layoutWith(t, func(l *layoutTar) { l.index.Manifests[0].MediaType = dockerSchema1 + "+json" }), "Docker's first format"},
		"manifest as index": {layoutWith(t, func(l *layoutTar) {
			l.index.Manifests[0].MediaType = ocispecs.MediaTypeImageIndex
		}), "is not an image index"},
		"index as manifest": {layoutWith(t, func(l *layoutTar) {
			l.add(l.blob(ocispecs.MediaTypeImageManifest, map[string]any{"schemaVersion": 2, "manifests": []any{}}), "")
		}), "not an image manifest"},
		"size of a layer": {layoutWith(t, func(l *layoutTar) {
			layer := l.blob(ocispecs.MediaTypeImageLayer, rootfs)
			layer.Size--
			l.add(manifestOf(l, layer), "")
		}), "are listed"},
		"digest of a layer": {layoutWith(t, func(l *layoutTar) {
			l.add(manifestOf(l, ocispecs.Descriptor{Digest: "sha256:/../../x"}), "")
		}), `layer with digest "sha256:/../../x"`},
		"many manifests": {layoutWith(t, func(l *layoutTar) {
			for i := range maxManifests {
				l.add(ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageManifest, Digest: digest.FromString(fmt.Sprint(i))}, "")
			}
		}), "more than 4096 manifests"},
		"deep": {layoutWith(t, func(l *layoutTar) {
			desc := l.image(arm64, "deep")
			for range maxIndexDepth + 1 {
				desc = l.blob(ocispecs.MediaTypeImageIndex, ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, Manifests: []ocispecs.Descriptor{desc}})
			}
			l.add(desc, "")
		}), "nest deeper than 4"},

		"docker: no JSON":        {tarOf(t, file(dockerManifestFile, "[")), "manifest.json is not what it should be"},
		"docker: no image":       {tarOf(t, file(dockerManifestFile, "[]")), "manifest.json lists no image"},
		"docker: configuration":  {tarOf(t, file(dockerManifestFile, `[{"Config":"c.json"}]`)), `"c.json" is missing`},
		"docker: climbs":         {tarOf(t, file(dockerManifestFile, `[{"Config":"../c.json"}]`)), "climbs out of the archive"},
		"docker: layer count":    {tarOf(t, file("c", "{}"), file(dockerManifestFile, `[{"Config":"c","Layers":["l"]}]`)), "1 layers are listed, but the configuration tells of 0"},
		"docker: layer digest":   {tarOf(t, file("c", `{"rootfs":{"diff_ids":["x"]}}`), file(dockerManifestFile, `[{"Config":"c","Layers":["l"]}]`)), `layer "x"`},
		"docker: damaged config": {bytes.Replace(dockerSave(t, rootfs, file("l", "")), []byte("amd64"), []byte("arm64"), 1), "the configuration is damaged"},
		"docker: missing layer":  {dockerSave(t, rootfs, symlink("layer.tar", "none")), `layer "none" is missing`},
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			_, err := openBytes(t, c.data)
			var format *FormatError
			require.ErrorAs(t, err, &format)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, "reading image archive test.tar")
		})
	}
}

func TestOpenBoundsMembers(t *testing.T) {
	items := make([]item, maxMembers+1)
	for i := range items {
		items[i] = file(fmt.Sprint(i), "")
	}
	_, err := openBytes(t, tarOf(t, items...))
	require.ErrorContains(t, err, "more than 65536 members")
}

func TestResolveNoticesAbsentLayer(t *testing.T) {
	l := newLayoutTar(t)
	layer := ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageLayer, Digest: digest.FromString("x"), Size: 1}
	l.add(l.blob(ocispecs.MediaTypeImageManifest, ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		Config:    l.blob(ocispecs.MediaTypeImageConfig, ocispecs.Image{Platform: amd64}),
		Layers:    []ocispecs.Descriptor{layer},
	}), "")
	_, _, err := opened(t, l.bytes()).Resolve(t.Context(), "", amd64)
	require.ErrorContains(t, err, "does not hold its layer "+layer.Digest.String())
}
