package wire

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// FuzzFrames reads random frames to their end.
func FuzzFrames(f *testing.F) {
	var out bytes.Buffer
	w := NewWriter(&out)
	require.NoError(f, w.JSON(KindRequest, Request{Op: Save, Name: "v"}))
	require.NoError(f, w.Frame(KindPack, []byte{0, 0, 0, 1}, []byte("pack")))
	require.NoError(f, w.Frame(KindEnd))
	f.Add(out.Bytes())
	f.Add([]byte("i\x00\x00\xff\xff"))
	f.Add([]byte("x\x3f\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		for read := 0; ; {
			_, payload, err := r.Next()
			if err != nil {
				return
			}
			read += len(payload)
			require.LessOrEqual(t, read, len(data))
			Free(payload)
		}
	})
}

// FuzzIndex reads random indexes. What is taken names nothing outside of the volume, and
// is written and read again as the same.
func FuzzIndex(f *testing.F) {
	for _, text := range []string{
		`{"version":1,"packs":[{"digest":"sha256:00","size":1,"raw":3}],"chunks":[{"hash":"aa","pack":0,"offset":0,"length":3}],"files":[{"path":".","type":"d"},{"path":"f","type":"f","size":3,"chunks":[0]},{"path":"l","type":"l","link":"/etc"},{"path":"h","type":"h","link":"f"}]}`,
		`{"version":1,"files":[{"path":{"raw":"Li4vZg=="},"type":"f"}]}`,
		`{"version":1,"files":[{"path":"a","type":"l","link":"/"},{"path":"a/x","type":"p"}]}`,
		`{"version":1,"packs":[{"raw":-5}],"chunks":[{"length":9223372036854775807}]}`,
		`{"version":2}`, `[`,
	} {
		f.Add([]byte(text))
	}
	enc, err := zstd.NewWriter(nil)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = DecodeIndex(text)
		x, err := DecodeIndex(enc.EncodeAll(text, nil))
		if err != nil {
			return
		}
		encoded, err := x.Encode()
		require.NoError(t, err)
		again, err := DecodeIndex(encoded)
		require.NoError(t, err)
		require.Equal(t, len(x.Files), len(again.Files))
	})
}
