package ociimage

import (
	"encoding/json"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// layoutTar builds an OCI layout by hand.
type layoutTar struct {
	t     testing.TB
	items []item
	index ocispecs.Index
}

func newLayoutTar(t testing.TB) *layoutTar {
	return &layoutTar{t: t, index: ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}}}
}

// blob adds content and describes it.
func (l *layoutTar) blob(mediaType string, v any) ocispecs.Descriptor {
	data, ok := v.([]byte)
	if !ok {
		var err error
		data, err = json.Marshal(v)
		require.NoError(l.t, err)
	}
	desc := ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	l.items = append(l.items, file(blobMember(desc.Digest), string(data)))
	return desc
}

// image adds an image whose configuration says it is for p; its author tells
// images apart.
func (l *layoutTar) image(p ocispecs.Platform, author string) ocispecs.Descriptor {
	config := ocispecs.Image{Platform: p, Author: author, RootFS: ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{}}}
	return l.blob(ocispecs.MediaTypeImageManifest, ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispecs.MediaTypeImageManifest,
		Config:    l.blob(ocispecs.MediaTypeImageConfig, config),
		Layers:    []ocispecs.Descriptor{},
	})
}

func (l *layoutTar) add(desc ocispecs.Descriptor, name string) {
	if name != "" {
		desc.Annotations = map[string]string{ocispecs.AnnotationRefName: name}
	}
	l.index.Manifests = append(l.index.Manifests, desc)
}

func (l *layoutTar) bytes() []byte {
	index, err := json.Marshal(l.index)
	require.NoError(l.t, err)
	items := append([]item{file(layoutFile, `{"imageLayoutVersion":"1.0.0"}`), file(indexFile, string(index))}, l.items...)
	return tarOf(l.t, items...)
}

func author(t *testing.T, a *Archive, tag string, p ocispecs.Platform) string {
	t.Helper()
	_, config, err := a.Resolve(t.Context(), tag, p)
	require.NoError(t, err)
	var img ocispecs.Image
	require.NoError(t, json.Unmarshal(config, &img))
	return img.Author
}

func TestResolve(t *testing.T) {
	armv7 := ocispecs.Platform{OS: "linux", Architecture: "arm", Variant: "v7"}
	i386 := ocispecs.Platform{OS: "linux", Architecture: "386"}
	l := newLayoutTar(t)
	l.add(l.image(amd64, "first"), "1.0")
	l.add(l.image(amd64, "second"), "registry.example/app:2.0")
	l.add(l.image(arm64, "arm"), "1.0")
	nested := ocispecs.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageIndex}
	nested.Manifests = []ocispecs.Descriptor{l.image(i386, "nested 386"), l.image(amd64, "nested amd64"), l.image(armv7, "nested arm")}
	statement := l.image(ocispecs.Platform{OS: "unknown", Architecture: "unknown"}, "provenance")
	statement.Annotations = map[string]string{annotationReferenceType: "attestation-manifest"}
	nested.Manifests = append(nested.Manifests, statement)
	l.add(l.blob(ocispecs.MediaTypeImageIndex, nested), "3.0")
	l.add(l.image(ocispecs.Platform{}, "anywhere"), "any")
	a := opened(t, l.bytes())

	require.Equal(t, "first", author(t, a, "", amd64))
	require.Equal(t, "first", author(t, a, "", ocispecs.Platform{}))
	require.Equal(t, "arm", author(t, a, "1.0", ocispecs.Platform{OS: "linux", Architecture: "aarch64", Variant: "8"}))
	require.Equal(t, "second", author(t, a, "2.0", amd64))
	require.Equal(t, "second", author(t, a, "registry.example/app:2.0", amd64))
	require.Equal(t, "nested amd64", author(t, a, "3.0", amd64), "the best fit, not the first that fits")
	require.Equal(t, "nested arm", author(t, a, "3.0", armv7))
	require.Equal(t, "anywhere", author(t, a, "any", arm64), "an image that names no platform fits all")

	for _, c := range []struct {
		tag  string
		p    ocispecs.Platform
		want string
	}{
		{"9.9", amd64, `has no image tagged "9.9" for linux/amd64; it has`},
		{"2.0", arm64, `has no image tagged "2.0" for linux/arm64; it has`},
		{"9.9", ocispecs.Platform{}, `has no image tagged "9.9"; it has`},
	} {
		_, _, err := a.Resolve(t.Context(), c.tag, c.p)
		var none *NoMatchError
		require.ErrorAs(t, err, &none)
		require.Equal(t, c.tag, none.Tag)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "registry.example/app:2.0 (linux/amd64)")
	}
}

func TestResolveWhatIsListedButNotThere(t *testing.T) {
	l := newLayoutTar(t)
	l.add(l.image(amd64, "here"), "")
	there := ocispecs.Descriptor{MediaType: ocispecs.MediaTypeImageManifest, Digest: digest.FromString("there"), Size: 5, Platform: &arm64}
	l.add(there, "")
	a := opened(t, l.bytes())
	require.Equal(t, "here", author(t, a, "", amd64))
	_, _, err := a.Resolve(t.Context(), "", arm64)
	require.ErrorContains(t, err, "does not hold its manifest "+there.Digest.String())
}

func TestResolveNewDockerSave(t *testing.T) {
	data := written(t, Options{Names: []string{"app", "registry.example/app:2"}}, sampleImage(t, amd64))
	var kept []item // containerd-era archives name images in manifest.json, and maybe nowhere else
	for _, i := range untarBytes(t, data) {
		if i.Name == indexFile {
			var index ocispecs.Index
			require.NoError(t, json.Unmarshal([]byte(i.body), &index))
			index.Manifests = index.Manifests[:1]
			index.Manifests[0].Annotations = nil
			body, err := json.Marshal(index)
			require.NoError(t, err)
			i = file(indexFile, string(body))
		}
		kept = append(kept, i)
	}
	a := opened(t, tarOf(t, kept...))
	for _, tag := range []string{"app", "app:latest", "latest", "2", "docker.io/library/app:latest"} {
		requireImage(t, a, tag, tarOf(t, sampleTree()...))
	}
}
