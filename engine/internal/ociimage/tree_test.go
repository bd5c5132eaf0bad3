package ociimage

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// requireSameTree compares two trees path by path.
func requireSameTree(t testing.TB, want, have *tree) {
	t.Helper()
	require.Equal(t, want.paths(), have.paths())
	for name, w := range want.nodes {
		h := have.nodes[name]
		require.Equal(t, want.content(t, w), have.content(t, h), "content of %q", name)
		wanted, had := *w, *h
		wanted.offset, had.offset = 0, 0
		require.Equal(t, wanted, had, name)
	}
}

func (t *tree) content(tb testing.TB, n *inode) []byte {
	tb.Helper()
	data, err := io.ReadAll(t.spool.Section(n.offset, n.size))
	require.NoError(tb, err)
	return data
}

func treeOf(t testing.TB, data []byte) *tree {
	t.Helper()
	return treeFrom(t, bytes.NewReader(data))
}

func treeFrom(t testing.TB, r io.Reader) *tree {
	t.Helper()
	tr, err := readTree(t.Context(), r, spoolOf(t))
	require.NoError(t, err)
	t.Cleanup(tr.close)
	return tr
}

func spoolOf(t testing.TB) *spool {
	t.Helper()
	s, err := newSpool(t.TempDir())
	require.NoError(t, err)
	return s
}

func TestLayerHeaders(t *testing.T) {
	items := layerItems(t, written(t, Options{}, Image{Platform: amd64, Rootfs: opener(tarOf(t, shuffled(sampleTree(), 3)...))}))
	for _, it := range items {
		require.Zero(t, it.ModTime.Unix(), it.Name)
		require.True(t, it.AccessTime.IsZero() && it.ChangeTime.IsZero(), it.Name)
		require.Empty(t, it.Uname+it.Gname, it.Name)
		require.NotEqual(t, "./", it.Name)
		for record := range it.PAXRecords {
			require.Contains(t, []string{"path", "uid", "gid", protocol.AttributeRecord + "security.capability"}, record)
		}
	}
	names := namesIn(items)
	require.IsIncreasing(t, []int{index(names, "etc/"), index(names, "etc/empty"), index(names, "etc.d")})
}

func index(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}

func TestComparePaths(t *testing.T) {
	ordered := []string{"a", "a/b", "a/b/c", "a/c", "a b", "a-b", "a.b", "ab", "b"}
	for i, a := range ordered {
		for j, b := range ordered {
			require.Equal(t, sign(i-j), sign(comparePaths(a, b)), "%q %q", a, b)
		}
	}
}

func sign(n int) int { return min(1, max(-1, n)) }

func TestReadTreeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		items []item
		want  string
	}{
		"climbing":          {[]item{file("a/../../b", "x")}, "climbs out of the root"},
		"twice":             {[]item{file("a", "x"), file("./a", "y")}, `"a" appears twice`},
		"file then folder":  {[]item{file("a", "x"), dir("a")}, `"a" appears twice`},
		"link then file":    {[]item{file("b", ""), link("a", "b"), file("a", "y")}, `"a" appears twice`},
		"below a file":      {[]item{file("a", "x"), file("a/b", "y")}, `below "a"`},
		"below a link":      {[]item{symlink("a", "b"), dir("b"), file("a/c", "y")}, `below "a"`},
		"whiteout":          {[]item{file("d/.wh.gone", "")}, "mark removed files"},
		"link to nothing":   {[]item{link("a", "b")}, "which is missing"},
		"link to itself":    {[]item{link("a", "b"), link("b", "a")}, "leads back to itself"},
		"link to folder":    {[]item{dir("d"), link("a", "d")}, `leads to folder "d"`},
		"link climbs":       {[]item{link("a", "../b")}, "climbs out of the root"},
		"root as a file":    {[]item{symlink(".", "x")}, "stands for the root"},
		"of unknown nature": {[]item{{Header: tar.Header{Typeflag: 'Z', Name: "z"}}}, "entry of type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readTree(t.Context(), bytes.NewReader(tarOf(t, c.items...)), spoolOf(t))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestReadTreeAddsParents(t *testing.T) {
	implied := treeOf(t, tarOf(t, file("a/b/c", "x")))
	listed := treeOf(t, tarOf(t, file("a/b/c", "x"), dir("a/b"), dir("a")))
	requireSameTree(t, listed, implied)
}

func TestReadTreeOfSparseFile(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("needs GNU tar, which writes sparse files")
	}
	root := t.TempDir()
	f, err := os.Create(filepath.Join(root, "sparse"))
	require.NoError(t, err)
	require.NoError(t, f.Truncate(3<<20))
	_, err = f.WriteAt([]byte("middle"), 1<<20)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	content, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	for _, format := range []string{"gnu", "posix"} {
		out, err := exec.CommandContext(t.Context(), "tar", "--sparse", "--format="+format, "-cC", root, "sparse").Output()
		require.NoError(t, err)
		require.Less(t, len(out), 1<<20, "tar kept the holes")
		items := layerItems(t, written(t, Options{}, Image{Platform: amd64, Rootfs: opener(out)}))
		require.True(t, items[0].body == string(content), "%s: content is whole", format)
	}
}
