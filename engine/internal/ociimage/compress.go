package ociimage

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"
)

// Compression is how a layer's tar is stored.
type Compression string

// The compressions, as the Dagger API names them.
const (
	Gzip         Compression = "Gzip"
	Zstd         Compression = "Zstd"
	Uncompressed Compression = "Uncompressed"
)

// ParseCompression reads the name of a compression in any case. Empty stays
// empty: see Options. EStarGZ is known but not written, and refused by name.
func ParseCompression(s string) (Compression, error) {
	switch strings.ToLower(s) {
	case "":
		return "", nil
	case "gzip":
		return Gzip, nil
	case "zstd":
		return Zstd, nil
	case "uncompressed":
		return Uncompressed, nil
	case "estargz":
		return "", fmt.Errorf("layer compression EStarGZ is not served: use %s, %s or %s", Gzip, Zstd, Uncompressed)
	}
	return "", fmt.Errorf("unknown layer compression %q: use %s, %s or %s", s, Gzip, Zstd, Uncompressed)
}

// These decide the bytes of a layer, and so are part of every image's digest.
const (
	gzipLevel = 6
	gzipBlock = 1 << 20
	zstdLevel = zstd.SpeedDefault
	zstdFrame = 8 << 20 // window
)

// newCompressor compresses what is written to it into w, on all processors. The
// output does not depend on how many there are, nor on the sizes of the writes.
func newCompressor(c Compression, w io.Writer) (io.WriteCloser, error) {
	return newCompressorOn(runtime.GOMAXPROCS(0), c, w)
}

func newCompressorOn(processors int, c Compression, w io.Writer) (io.WriteCloser, error) {
	switch c {
	case Gzip:
		z, err := pgzip.NewWriterLevel(w, gzipLevel)
		if err != nil {
			return nil, err
		}
		return z, z.SetConcurrency(gzipBlock, processors+1)
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderLevel(zstdLevel),
			zstd.WithWindowSize(zstdFrame), zstd.WithEncoderConcurrency(processors))
	case Uncompressed:
		return nopWriteCloser{w}, nil
	}
	return nil, fmt.Errorf("unknown layer compression %q", c)
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

// sniff names the compression of a stream by its first bytes.
func sniff(head []byte) (Compression, error) {
	has := func(magic string) bool { return strings.HasPrefix(string(head), magic) }
	switch {
	case has("\x1f\x8b"):
		return Gzip, nil
	case has("\x28\xb5\x2f\xfd"):
		return Zstd, nil
	case has("BZh"):
		return "", fmt.Errorf("compressed with bzip2, which is not read: recompress it with gzip or zstd")
	case has("\xfd7zXZ\x00"):
		return "", fmt.Errorf("compressed with xz, which is not read: recompress it with gzip or zstd")
	}
	return Uncompressed, nil
}

// maxZstdWindow bounds the memory that a hostile zstd stream can ask for.
const maxZstdWindow = 128 << 20

// decompress undoes whatever compression r turns out to have.
func decompress(r io.Reader) (io.ReadCloser, Compression, error) {
	br := bufio.NewReaderSize(r, copyBuffer)
	head, err := br.Peek(6)
	if err != nil && err != io.EOF {
		return nil, "", err
	}
	c, err := sniff(head)
	if err != nil {
		return nil, "", err
	}
	switch c {
	case Gzip:
		z, err := gzip.NewReader(br)
		return z, c, err
	case Zstd:
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, c, err
		}
		return z.IOReadCloser(), c, nil
	}
	return io.NopCloser(br), c, nil
}
