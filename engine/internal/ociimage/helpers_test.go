package ociimage

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

var (
	amd64 = ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	arm64 = ocispecs.Platform{OS: "linux", Architecture: "arm64"}
)

// item is an entry of a tar made for a test.
type item struct {
	tar.Header
	body string
}

func file(name, body string) item {
	return item{Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(body))}, body: body}
}

func dir(name string) item {
	return item{Header: tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755}}
}

func symlink(name, target string) item {
	return item{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}}
}

func link(name, target string) item {
	return item{Header: tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target, Mode: 0o644}}
}

// with returns a changed copy of an item.
func (i item) with(change func(*tar.Header)) item {
	i.PAXRecords = maps.Clone(i.PAXRecords)
	change(&i.Header)
	return i
}

// tarOf writes items in their order.
func tarOf(t testing.TB, items ...item) []byte {
	t.Helper()
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	for _, i := range items {
		require.NoError(t, tw.WriteHeader(&i.Header))
		_, err := io.WriteString(tw, i.body)
		require.NoError(t, err)
	}
	require.NoError(t, tw.Close())
	return buf.Bytes()
}

// untar reads a tar back, with the headers as they are.
func untar(t testing.TB, r io.Reader) []item {
	t.Helper()
	var items []item
	tr := tar.NewReader(r)
	for {
		hdr, err := tr.Next()
		if err == io.EOF {
			return items
		}
		require.NoError(t, err)
		body, err := io.ReadAll(tr)
		require.NoError(t, err)
		items = append(items, item{Header: *hdr, body: string(body)})
	}
}

func namesIn(items []item) []string {
	var names []string
	for _, i := range items {
		names = append(names, i.Name)
	}
	return names
}

func opener(data []byte) Opener {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// sampleTree has one of everything an image can hold.
func sampleTree() []item {
	const capability = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	setuid := func(h *tar.Header) { h.Mode = 0o4755 }
	capable := func(h *tar.Header) {
		h.PAXRecords = map[string]string{protocol.AttributeRecord + "security.capability": capability}
	}
	long := string(bytes.Repeat([]byte("a-long-name/"), 24)) + "end"
	return []item{
		dir("bin"),
		file("bin/app", "binary").with(setuid),
		link("bin/app-again", "bin/app").with(setuid),
		file("bin/ping", "raw sockets").with(capable),
		link("bin/ping-again", "bin/ping").with(capable),
		symlink("bin/sh", "/bin/app"),
		dir("dev"),
		{Header: tar.Header{Typeflag: tar.TypeChar, Name: "dev/null", Mode: 0o666, Devmajor: 1, Devminor: 3}},
		{Header: tar.Header{Typeflag: tar.TypeFifo, Name: "dev/pipe", Mode: 0o600}},
		dir("etc"),
		file("etc/empty", ""),
		file("etc/passwd", "nobody:x:65534:65534::/:/none\n").with(func(h *tar.Header) { h.Uid, h.Gid = 65534, 65534 }),
		file("etc/huge-owner", "x").with(func(h *tar.Header) { h.Uid, h.Gid = 1<<30, 1<<30 }),
		file("etc.d", "sorts after etc/"),
		dir("home").with(func(h *tar.Header) { h.Mode = 0o1777 }),
		file("home/caf\xe9", "Latin-1 name"),
		file("home/żółw", "UTF-8 name"),
		file(long, "long name"),
	}
}

// shuffled puts items in a random order and gives them the traces of another
// machine: times, user names, labels of its security module.
func shuffled(items []item, seed uint64) []item {
	random := rand.New(rand.NewPCG(seed, seed))
	out := slices.Clone(items)
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		out[i] = out[i].with(func(h *tar.Header) {
			h.ModTime = time.Unix(random.Int64N(1<<31), random.Int64N(1e9))
			h.AccessTime, h.ChangeTime = h.ModTime, h.ModTime
			h.Uname, h.Gname = "builder", "builders"
			h.Format = tar.FormatPAX
			if h.PAXRecords == nil {
				h.PAXRecords = map[string]string{}
			}
			h.PAXRecords[protocol.AttributeRecord+"security.selinux"] = "system_u:object_r:container_file_t:s0"
			h.PAXRecords["BODKIN.note"] = "passing through"
		})
	}
	return out
}

// written writes images and returns the archive.
func written(t testing.TB, opts Options, images ...Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	opts.TempDir = t.TempDir()
	_, err := Write(t.Context(), &buf, images, opts)
	require.NoError(t, err)
	return buf.Bytes()
}

// opened opens archive bytes.
func opened(t testing.TB, data []byte) *Archive {
	t.Helper()
	a, err := openBytes(t, data)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func openBytes(t testing.TB, data []byte) (*Archive, error) {
	return openArchive(t.Context(), "test.tar", bytes.NewReader(data), int64(len(data)), OpenOptions{TempDir: t.TempDir()})
}
