package attest_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/distribution/reference"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/attest"
	"github.com/bodkin-ci/bodkin/internal/registry"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

var app = attest.Image{Name: "registry.example.com/app", Digest: digest.FromString("app"), Platform: ocispecs.Platform{OS: "linux", Architecture: "arm64"}}

func TestProvenance(t *testing.T) {
	build := attest.Build{
		Command: "publish", App: "app", Platform: "linux/arm64", Source: "https://example.com/team/app", Commit: "0123456789abcdef0123456789abcdef01234567",
		Branch: "main", Run: "https://example.com/jobs/7", Version: "v1.2.3", Locks: map[string]string{"go.sum": digest.FromString("sum").Encoded(), "go.mod": digest.FromString("mod").Encoded()},
	}
	said, err := attest.Provenance(app, build)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"_type": "https://in-toto.io/Statement/v1",
		"subject": [{"name": "registry.example.com/app", "digest": {"sha256": "`+app.Digest.Encoded()+`"}}],
		"predicateType": "https://slsa.dev/provenance/v1",
		"predicate": {
			"buildDefinition": {
				"buildType": "https://github.com/bodkin-ci/bodkin/blob/main/docs/registries.md#attestations",
				"externalParameters": {"command": "publish", "application": "app", "platform": "linux/arm64", "source": "https://example.com/team/app", "commit": "0123456789abcdef0123456789abcdef01234567", "branch": "main"},
				"resolvedDependencies": [
					{"uri": "git+https://example.com/team/app", "digest": {"gitCommit": "0123456789abcdef0123456789abcdef01234567"}},
					{"name": "go.mod", "digest": {"sha256": "`+build.Locks["go.mod"]+`"}},
					{"name": "go.sum", "digest": {"sha256": "`+build.Locks["go.sum"]+`"}}
				]
			},
			"runDetails": {"builder": {"id": "https://github.com/bodkin-ci/bodkin", "version": {"bodkin": "v1.2.3"}}, "metadata": {"invocationId": "https://example.com/jobs/7"}}
		}
	}`, string(said.JSON))
	for range 10 {
		again, err := attest.Provenance(app, build)
		require.NoError(t, err)
		require.Equal(t, said, again, "the same build gives the same bytes")
	}

	said, err = attest.Provenance(app, attest.Build{Command: "publish", App: "app", Source: "https://example.com/team/app"})
	require.NoError(t, err)
	require.NotContains(t, string(said.JSON), "gitCommit", "a tree with changes is no commit")
	_, err = attest.Provenance(attest.Image{Name: "app"}, build)
	require.Error(t, err, "a statement is about something")
}

// put writes an image, or an index of several, and returns its reference.
func put(t *testing.T, address string, images ...v1.Image) reference.Canonical {
	t.Helper()
	ref, err := name.ParseReference(address)
	require.NoError(t, err)
	var sum v1.Hash
	if len(images) == 1 {
		require.NoError(t, remote.Write(ref, images[0]))
		sum, err = images[0].Digest()
	} else {
		index := mutate.IndexMediaType(empty.Index, "application/vnd.oci.image.index.v1+json")
		for i, img := range images {
			platform := &v1.Platform{OS: "linux", Architecture: []string{"amd64", "arm64"}[i]}
			index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
		}
		require.NoError(t, remote.WriteIndex(ref, index))
		sum, err = index.Digest()
	}
	require.NoError(t, err)
	named, err := reference.ParseNormalizedNamed(ref.Context().Name() + "@" + sum.String())
	require.NoError(t, err)
	return named.(reference.Canonical)
}

func newImage(t *testing.T, arch string) v1.Image {
	t.Helper()
	img, err := random.Image(1000, 2)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config.OS, config.Architecture = "linux", arch
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	return img
}

func TestAttach(t *testing.T) {
	r := registrytest.Start(t, registrytest.Options{})
	client := registry.New(registry.Config{}, registry.NewLogins(io.Discard))
	amd, arm := newImage(t, "amd64"), newImage(t, "arm64")
	for address, images := range map[string][]v1.Image{r.Host + "/one": {arm}, r.Host + "/two": {amd, arm}} {
		about := func(img attest.Image) ([]attest.Statement, error) {
			s, err := attest.NewStatement(img, "https://example.com/about", map[string]any{"arch": img.Platform.Architecture})
			return []attest.Statement{s}, err
		}
		root, err := attest.Attach(t.Context(), client, put(t, address+":bare", images...), []string{"1", "latest"}, about)
		require.NoError(t, err)
		for _, tag := range []string{"1", "latest"} {
			ref, err := name.ParseReference(address + ":" + tag)
			require.NoError(t, err)
			index, err := remote.Index(ref)
			require.NoError(t, err)
			sum, err := index.Digest()
			require.NoError(t, err)
			require.Equal(t, root.String(), sum.String())
			requireAbout(t, index, images)
		}
	}
	_, err := attest.Attach(t.Context(), client, put(t, r.Host+"/one:bare", arm), []string{"not a tag"}, func(attest.Image) ([]attest.Statement, error) { return nil, nil })
	require.ErrorContains(t, err, "invalid tag format")
}

// requireAbout wants an index of images, each with a statement about it.
func requireAbout(t *testing.T, index v1.ImageIndex, images []v1.Image) {
	t.Helper()
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 2*len(images))
	for i, img := range images {
		sum, err := img.Digest()
		require.NoError(t, err)
		desc, about := manifest.Manifests[i], manifest.Manifests[len(images)+i]
		require.Equal(t, sum, desc.Digest)
		require.Equal(t, "unknown/unknown", about.Platform.String())
		require.Equal(t, map[string]string{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": sum.String()}, about.Annotations)
		said, err := index.Image(about.Digest)
		require.NoError(t, err)
		inner, err := said.Manifest()
		require.NoError(t, err)
		require.Len(t, inner.Layers, 1)
		require.Equal(t, map[string]string{"in-toto.io/predicate-type": "https://example.com/about"}, inner.Layers[0].Annotations)
		layer, err := said.LayerByDigest(inner.Layers[0].Digest)
		require.NoError(t, err)
		content, err := layer.Compressed()
		require.NoError(t, err)
		var statement struct {
			Subject   []struct{ Digest map[string]string }
			Predicate struct{ Arch string }
		}
		require.NoError(t, json.NewDecoder(content).Decode(&statement))
		require.Equal(t, sum.Hex, statement.Subject[0].Digest["sha256"])
		require.Equal(t, desc.Platform.Architecture, statement.Predicate.Arch)
	}
}
