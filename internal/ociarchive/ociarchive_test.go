package ociarchive_test

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/ociarchive"
)

var image = ociarchive.Image{
	Platform: ocispecs.Platform{OS: "linux", Architecture: "amd64"},
	Config:   ocispecs.ImageConfig{Env: []string{"PATH=/bin"}},
	Layer: func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "a layer")
		return err
	},
}

// members returns the content of each member of an archive.
func members(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	all := map[string]string{}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		all[h.Name] = string(content)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, ociarchive.Write(context.Background(), path, image))
	all := members(t, path)
	require.Len(t, all, 5)
	require.Equal(t, `{"imageLayoutVersion":"1.0.0"}`, all["oci-layout"])

	follow := func(d ocispecs.Descriptor) string {
		content := all["blobs/sha256/"+d.Digest.Encoded()]
		require.Equal(t, d.Digest, digest.FromString(content))
		require.Equal(t, d.Size, int64(len(content)))
		return content
	}
	var index ocispecs.Index
	require.NoError(t, json.Unmarshal([]byte(all["index.json"]), &index))
	require.Len(t, index.Manifests, 1)
	require.Equal(t, &image.Platform, index.Manifests[0].Platform)
	var manifest ocispecs.Manifest
	require.NoError(t, json.Unmarshal([]byte(follow(index.Manifests[0])), &manifest))
	var config ocispecs.Image
	require.NoError(t, json.Unmarshal([]byte(follow(manifest.Config)), &config))
	require.Equal(t, image.Config, config.Config)
	require.Equal(t, image.Platform, config.Platform)
	require.Len(t, manifest.Layers, 1)
	require.Equal(t, "a layer", follow(manifest.Layers[0]))
	require.Equal(t, []digest.Digest{manifest.Layers[0].Digest}, config.RootFS.DiffIDs)
}

func TestSameImageSameBytes(t *testing.T) {
	dir := t.TempDir()
	var contents []string
	for _, name := range []string{"one", "two"} {
		path := filepath.Join(dir, name)
		require.NoError(t, ociarchive.Write(context.Background(), path, image))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		contents = append(contents, string(content))
	}
	require.Equal(t, contents[0], contents[1])
}

func TestFailureLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	broken := image
	broken.Layer = func(context.Context, io.Writer) error { return errors.New("no more paper") }
	err := ociarchive.Write(context.Background(), filepath.Join(dir, "image.tar"), broken)
	require.ErrorContains(t, err, "image.tar: writing its layer: no more paper")

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, ociarchive.Write(ctx, filepath.Join(dir, "image.tar"), image), context.Canceled)

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.ErrorContains(t, ociarchive.Write(context.Background(), filepath.Join(dir, "none", "image.tar"), image), "no such file or directory")
}
