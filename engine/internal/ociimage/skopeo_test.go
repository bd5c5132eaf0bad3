package ociimage

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

// skopeo copies an image from one place to another.
func skopeo(t *testing.T, from, to string) {
	t.Helper()
	program, err := exec.LookPath("skopeo")
	if testing.Short() || err != nil {
		t.Skip("needs skopeo")
	}
	cmd := exec.CommandContext(t.Context(), program, "copy", "--insecure-policy", "--tmpdir", t.TempDir(),
		"--override-os", "linux", "--override-arch", "amd64", from, to)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func TestSkopeoReadsWhatIsWritten(t *testing.T) {
	one, two := sampleImage(t, amd64), sampleImage(t, arm64)
	for name, data := range map[string][]byte{
		"one platform":   written(t, Options{}, one),
		"named":          written(t, Options{Names: []string{"app:1.0"}}, one),
		"zstd":           written(t, Options{Compression: Zstd}, one),
		"two platforms":  written(t, Options{}, one, two),
		"docker's types": written(t, Options{MediaTypes: Docker}, Image{Platform: amd64, Rootfs: one.Rootfs}),
	} {
		t.Run(name, func(t *testing.T) {
			archive := filepath.Join(t.TempDir(), "image.tar")
			require.NoError(t, os.WriteFile(archive, data, 0o644))
			for _, transport := range []string{"oci-archive:", "docker-archive:"} {
				target := t.TempDir()
				skopeo(t, transport+archive, "oci:"+target+":copy")
				index, err := layout.ImageIndexFromPath(target)
				require.NoError(t, err)
				list, err := index.IndexManifest()
				require.NoError(t, err)
				require.Len(t, list.Manifests, 1)
				if name != "zstd" { // the validator knows gzip alone
					require.NoError(t, validate.Index(index))
				}
			}
		})
	}
}

func TestOpenWhatSkopeoWrites(t *testing.T) {
	source := filepath.Join(t.TempDir(), "image.tar")
	require.NoError(t, os.WriteFile(source, written(t, Options{}, sampleImage(t, amd64)), 0o644))
	for _, to := range []string{"docker-archive:%s:app:1.0", "oci-archive:%s:1.0"} {
		target := filepath.Join(t.TempDir(), "copy.tar")
		skopeo(t, "oci-archive:"+source, fmt.Sprintf(to, target))
		a, err := Open(t.Context(), target, OpenOptions{})
		require.NoError(t, err)
		requireImage(t, a, "1.0", tarOf(t, sampleTree()...))
		require.NoError(t, a.Close())
	}
}
