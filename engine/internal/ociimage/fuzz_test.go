package ociimage

import (
	"bytes"
	"io"
	"testing"

	containerd "github.com/containerd/containerd/v2/core/content"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// FuzzOpen looks for archives that crash the reader, and checks of those that
// it takes that every blob it offers can be read to its end. Seeds are the
// archives of the other tests and the files below testdata/fuzz.
func FuzzOpen(f *testing.F) {
	for _, c := range hostile(f) {
		if len(c.data) < 64<<10 {
			f.Add(c.data)
		}
	}
	good := written(f, Options{}, sampleImage(f, amd64), sampleImage(f, arm64))
	rootfs := tarOf(f, sampleTree()...)
	f.Add(good)
	f.Add(gzipped(f, good))
	f.Add(zstdded(f, good))
	f.Add(dockerSave(f, rootfs, file("0123/layer.tar", string(gzipped(f, rootfs)))))
	f.Add(dockerSave(f, rootfs, symlink("0123/layer.tar", "../4567/layer.tar"), file("4567/layer.tar", string(rootfs))))
	temp := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := openArchive(t.Context(), "fuzz.tar", bytes.NewReader(data), int64(len(data)), OpenOptions{TempDir: temp, MaxUnpacked: 4 << 20})
		if err != nil {
			return
		}
		defer a.Close()
		require.NotEmpty(t, a.List())
		_, _, _ = a.Resolve(t.Context(), "latest", amd64)
		desc, config, err := a.Resolve(t.Context(), "", ocispecs.Platform{})
		if err == nil {
			require.NotEmpty(t, config)
			_, err := containerd.ReadBlob(t.Context(), a.Store(), desc)
			require.NoError(t, err)
		}
		require.NoError(t, a.Store().Walk(t.Context(), func(info containerd.Info) error {
			r, err := a.Store().ReaderAt(t.Context(), ocispecs.Descriptor{Digest: info.Digest})
			require.NoError(t, err)
			n, err := io.Copy(io.Discard, io.NewSectionReader(r, 0, info.Size))
			require.NoError(t, err)
			require.Equal(t, info.Size, n)
			return nil
		}))
	})
}
