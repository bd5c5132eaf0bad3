package ociimage

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/pkg/archive"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/shim"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// changesOf is what one tree has over another, as the shim says in an engine. Trees
// are laid out as they are there, with owners and devices.
func changesOf(t testing.TB, base, final []byte) []byte {
	t.Helper()
	needsRoot(t)
	program, _, err := shim.Build(t.Context(), "", nil)
	require.NoError(t, err)
	args := protocol.LayerArgs(unpacked(t, base), unpacked(t, final))
	out, err := exec.CommandContext(t.Context(), program, args...).Output()
	require.NoError(t, err)
	return out
}

func needsRoot(t testing.TB) {
	t.Helper()
	if testing.Short() || os.Geteuid() != 0 {
		t.Skip("unpacks owners and device nodes, which needs root and time")
	}
}

func unpacked(t testing.TB, data []byte) string {
	t.Helper()
	root := t.TempDir()
	_, err := archive.Apply(t.Context(), root, bytes.NewReader(data))
	require.NoError(t, err)
	return root
}

// diffOf is the layer that turns one tree into another.
func diffOf(t testing.TB, base, final []item) []item {
	t.Helper()
	changes := changesOf(t, tarOf(t, base...), tarOf(t, final...))
	layer, s, err := changesLayer(t.Context(), bytes.NewReader(changes), Options{Compression: Uncompressed, TempDir: t.TempDir()})
	require.NoError(t, err)
	if s == nil {
		return nil
	}
	defer s.Close()
	r, err := layer.Open(t.Context())
	require.NoError(t, err)
	return untar(t, r)
}

func TestChangesLayer(t *testing.T) {
	d, a, b := dir("d"), file("d/a", "one"), file("d/b", "two")
	mode := func(h *tar.Header) { h.Mode = 0o700 }
	owner := func(h *tar.Header) { h.Uid = 7 }
	attribute := func(h *tar.Header) { h.PAXRecords = map[string]string{protocol.AttributeRecord + "user.note": "x"} }
	for name, c := range map[string]struct {
		base, final []item
		want        []string
	}{
		"nothing":                  {[]item{d, a, b}, []item{d, b, a}, nil},
		"time":                     {[]item{d, a}, []item{d, a.with(func(h *tar.Header) { h.ModTime = time.Unix(1e9, 0) })}, nil},
		"new file":                 {[]item{d, a}, []item{d, a, b}, []string{"d/", "d/b"}},
		"content of the same size": {[]item{d, a, b}, []item{d, file("d/a", "eno"), b}, []string{"d/", "d/a"}},
		"mode":                     {[]item{d, a, b}, []item{d, a.with(mode), b}, []string{"d/", "d/a"}},
		"owner of a folder":        {[]item{d, a, b}, []item{d.with(owner), a, b}, []string{"d/"}},
		"attribute":                {[]item{d, a, b}, []item{d, a, b.with(attribute)}, []string{"d/", "d/b"}},
		"removed file":             {[]item{d, a, b}, []item{d, b}, []string{"d/", "d/.wh.a"}},
		"emptied folder":           {[]item{d, a, b}, []item{d}, []string{"d/", "d/.wh.a", "d/.wh.b"}},
		"removed folder":           {[]item{d, a, b, file("e", "")}, []item{file("e", "")}, []string{".wh.d"}},
		"folder to file":           {[]item{d, a, b}, []item{file("d", "x")}, []string{"d"}},
		"file to folder":           {[]item{file("d", "x")}, []item{d, a}, []string{"d/", "d/a"}},
		"folder to link":           {[]item{d, a, dir("e")}, []item{symlink("d", "e"), dir("e")}, []string{"d"}},
		"target of a link":         {[]item{symlink("l", "x")}, []item{symlink("l", "y")}, []string{"l"}},
		"new hard link":            {[]item{d, a}, []item{d, a, link("d/z", "d/a")}, []string{"d/", "d/a", "d/z"}},
		"cut hard link":            {[]item{d, a, link("d/z", "d/a")}, []item{d, a, file("d/z", "one")}, []string{"d/", "d/a", "d/z"}},
		"removed hard link":        {[]item{d, a, link("d/z", "d/a")}, []item{d, a}, []string{"d/", "d/.wh.z"}},
		"moved hard link":          {[]item{d, a, link("d/z", "d/a")}, []item{d, file("d/z", "one")}, []string{"d/", "d/.wh.a"}},
		"content of hard links":    {[]item{d, a, link("d/z", "d/a")}, []item{d, file("d/a", "new"), link("d/z", "d/a")}, []string{"d/", "d/a", "d/z"}},
		"same hard links":          {[]item{d, a, link("d/z", "d/a")}, []item{d, file("d/z", "one"), link("d/a", "d/z")}, nil},
		"deep": {
			[]item{d, dir("d/e"), dir("d/e/f"), file("d/e/f/g", "x")},
			[]item{d, dir("d/e"), dir("d/e/f")},
			[]string{"d/", "d/e/", "d/e/f/", "d/e/f/.wh.g"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, namesIn(diffOf(t, c.base, c.final)))
		})
	}
}

func TestChangesLayerRefusesBrokenStreams(t *testing.T) {
	whole := tarOf(t, file("a", "x"))
	for _, broken := range [][]byte{tarOf(t, link("a", "b")), whole[:600], whole[:1024]} {
		_, _, err := changesLayer(t.Context(), bytes.NewReader(broken), Options{TempDir: t.TempDir()})
		require.ErrorContains(t, err, "comparing with the base image")
	}
}

// TestChangesLayerUnpacks lays random diffs over random trees with containerd's
// unpacker, and reads the result back with BuildKit's tar exporter.
func TestChangesLayerUnpacks(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 42))
			world := randomTree{random: random, nodes: map[string]item{}}
			world.change(30)
			base := world.items()
			world.change(1 + int(seed)/2)
			final := world.items()

			root := t.TempDir()
			unpack := func(items []item) {
				_, err := archive.Apply(t.Context(), root, bytes.NewReader(tarOf(t, items...)))
				require.NoError(t, err)
			}
			unpack(base)
			unpack(diffOf(t, base, final))
			requireSameTree(t, treeOf(t, tarOf(t, final...)), treeOf(t, exported(t, root)))
		})
	}
}

// exported is a folder as BuildKit's tar exporter writes it.
func exported(t testing.TB, root string) []byte {
	t.Helper()
	fs, err := fsutil.NewFS(root)
	require.NoError(t, err)
	var buf bytes.Buffer
	require.NoError(t, fsutil.WriteTar(t.Context(), fs, &buf))
	return buf.Bytes()
}

// randomTree changes at random. It keeps few names, so that they are met again.
type randomTree struct {
	random *rand.Rand
	nodes  map[string]item
}

// items lists the tree, targets of hard links before the links.
func (r *randomTree) items() []item {
	items := slices.SortedFunc(maps.Values(r.nodes), func(a, b item) int {
		if la, lb := a.Typeflag == tar.TypeLink, b.Typeflag == tar.TypeLink; la != lb {
			return map[bool]int{true: 1, false: -1}[la]
		}
		return strings.Compare(a.Name, b.Name)
	})
	return items
}

func (r *randomTree) change(times int) {
	for range times {
		name := r.name()
		if r.random.IntN(4) == 0 {
			r.remove(name)
			continue
		}
		r.put(name)
	}
}

// name picks a path below a folder that exists.
func (r *randomTree) name() string {
	parents := []string{""}
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if r.nodes[name].Typeflag == tar.TypeDir {
			parents = append(parents, name+"/")
		}
	}
	return parents[r.random.IntN(len(parents))] + string('a'+rune(r.random.IntN(6)))
}

// remove takes away name, what is below it and what links to either.
func (r *randomTree) remove(name string) {
	below := func(n string) bool { return n == name || strings.HasPrefix(n, name+"/") }
	maps.DeleteFunc(r.nodes, func(n string, i item) bool {
		return below(n) || i.Typeflag == tar.TypeLink && below(i.Linkname)
	})
}

func (r *randomTree) put(name string) {
	if old, ok := r.nodes[name]; ok && old.Typeflag == tar.TypeDir && r.random.IntN(2) == 0 {
		r.nodes[name] = old.with(func(h *tar.Header) { h.Uid++ })
		return
	}
	r.remove(name)
	var n item
	switch r.random.IntN(8) {
	case 0:
		n = symlink(name, string('a'+rune(r.random.IntN(6))))
	case 1:
		n = item{Header: tar.Header{Typeflag: tar.TypeChar, Name: name, Mode: 0o600, Devmajor: 1, Devminor: 3}}
	case 2, 3, 4:
		n = r.linkTo(name)
	case 5:
		n = file(name, fmt.Sprint(r.random.IntN(3))).with(func(h *tar.Header) { h.Mode = 0o600 + int64(r.random.IntN(2))*0o2055 })
	default:
		n = dir(name)
	}
	r.nodes[name] = n
}

// linkTo links name to any regular file, or makes it one.
func (r *randomTree) linkTo(name string) item {
	for _, target := range slices.Sorted(maps.Keys(r.nodes)) {
		if r.nodes[target].Typeflag == tar.TypeReg && r.random.IntN(2) == 0 {
			return link(name, target).with(func(h *tar.Header) { h.Mode = r.nodes[target].Mode })
		}
	}
	return file(name, "linked")
}
