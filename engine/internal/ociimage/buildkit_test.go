package ociimage

import (
	"bytes"
	"io"
	"testing"

	containerd "github.com/containerd/containerd/v2/core/content"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
)

// onBuildKit connects to the embedded engine.
func onBuildKit(t *testing.T) *client.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("needs an engine")
	}
	if err := embedded.Supported(); err != nil {
		t.Skip(err)
	}
	daemon, err := embedded.Start(t.Context(), embedded.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, daemon.Close()) })
	c, err := dial.BuildKit(t.Context(), daemon.Address())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// pulled lets BuildKit pull an image from an archive and export its files.
func pulled(t *testing.T, c *client.Client, a *Archive, opt client.SolveOpt) []byte {
	t.Helper()
	desc, _, err := a.Resolve(t.Context(), "", ocispecs.Platform{})
	require.NoError(t, err)
	image := llb.OCILayout("bodkin.test/image@"+desc.Digest.String(), llb.OCIStore("", "archive"), llb.Platform(amd64))
	def, err := image.Marshal(t.Context(), llb.Platform(amd64))
	require.NoError(t, err)
	var out bytes.Buffer
	opt.Exports = []client.ExportEntry{{
		Type:   client.ExporterTar,
		Output: func(map[string]string) (io.WriteCloser, error) { return nopWriteCloser{&out}, nil },
	}}
	_, err = c.Solve(t.Context(), def, opt, nil)
	require.NoError(t, err)
	return out.Bytes()
}

func TestBuildKitPullsFromArchives(t *testing.T) {
	c := onBuildKit(t)
	rootfs := tarOf(t, sampleTree()...)
	for name, data := range map[string][]byte{
		"gzip":         written(t, Options{}, sampleImage(t, amd64)),
		"zstd":         written(t, Options{Compression: Zstd}, sampleImage(t, amd64)),
		"uncompressed": written(t, Options{Compression: Uncompressed}, sampleImage(t, amd64)),
		"docker":       written(t, Options{MediaTypes: Docker}, Image{Platform: amd64, Rootfs: opener(rootfs)}),
		"docker save":  dockerSave(t, rootfs, file("0123/layer.tar", string(rootfs))),
		"docker gzip":  dockerSave(t, rootfs, file("0123/layer.tar", string(gzipped(t, rootfs)))),
	} {
		t.Run(name, func(t *testing.T) {
			a := opened(t, data)
			back := pulled(t, c, a, client.SolveOpt{OCIStores: map[string]containerd.Store{"archive": a.Store()}})
			requireSameTree(t, treeOf(t, rootfs), treeOf(t, back))

			again := written(t, Options{}, Image{Platform: amd64, Rootfs: opener(back)})
			require.Equal(t, written(t, Options{}, Image{Platform: amd64, Rootfs: opener(rootfs)}), again,
				"what an engine exports gives the image it was made from")
		})
	}
}

func TestBuildKitUnpacksDiffs(t *testing.T) {
	c := onBuildKit(t)
	lower := tarOf(t, dir("d"), file("d/a", "one"), file("d/b", "two"), link("d/z", "d/a"), dir("gone"), file("gone/x", ""))
	upper := tarOf(t, dir("d"), file("d/b", "new"), file("d/z", "one"), symlink("gone", "d"))
	baseArchive := written(t, Options{}, Image{Platform: amd64, Rootfs: opener(lower)})
	a := opened(t, written(t, Options{}, Image{Platform: amd64, Base: baseOf(t, baseArchive, changesOf(t, lower, upper), true)}))
	back := pulled(t, c, a, client.SolveOpt{OCIStores: map[string]containerd.Store{"archive": a.Store()}})
	requireSameTree(t, treeOf(t, upper), treeOf(t, back))
}
