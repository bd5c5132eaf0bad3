package ociimage

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchTree is a root file system of size bytes: one half in one file, the
// other in files of 16 KiB.
func benchTree(b *testing.B, size int) []byte {
	content := compressible(size / 2)
	items := []item{file("program", string(content)), dir("files")}
	for i := 0; i < len(content); i += 16 << 10 {
		items = append(items, file(fmt.Sprintf("files/%07d", i), string(content[i:min(i+16<<10, len(content))])))
	}
	return tarOf(b, items...)
}

const benchSize = 200 << 20

func BenchmarkWrite200MB(b *testing.B) {
	rootfs := benchTree(b, benchSize)
	for _, compression := range []Compression{Gzip, Zstd, Uncompressed} {
		b.Run(string(compression), func(b *testing.B) {
			b.SetBytes(benchSize)
			b.ReportAllocs()
			for b.Loop() {
				_, err := Write(b.Context(), io.Discard, []Image{{Platform: amd64, Rootfs: opener(rootfs)}}, Options{Compression: compression, TempDir: b.TempDir()})
				require.NoError(b, err)
			}
		})
	}
}

func BenchmarkOpen250MB(b *testing.B) {
	rootfs := benchTree(b, 250<<20)
	path := filepath.Join(b.TempDir(), "image.tar")
	_, err := WriteFile(b.Context(), path, []Image{{Platform: amd64, Rootfs: opener(rootfs)}}, Options{Compression: Uncompressed})
	require.NoError(b, err)
	for b.Loop() {
		a, err := Open(context.Background(), path, OpenOptions{})
		require.NoError(b, err)
		_, _, err = a.Resolve(b.Context(), "", amd64)
		require.NoError(b, err)
		require.NoError(b, a.Close())
	}
}
