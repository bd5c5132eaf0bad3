package engine_test

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/stretchr/testify/require"
)

// hostileImage is an image with one layer, made of these entries after a good one.
func hostileImage(t *testing.T, headers ...tar.Header) v1.Image {
	t.Helper()
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, h := range append([]tar.Header{{Name: "good", Typeflag: tar.TypeReg}}, headers...) {
		content := ""
		if h.Typeflag == tar.TypeReg {
			content = "content"
		}
		h.Size, h.Mode = int64(len(content)), 0o644
		require.NoError(t, w.WriteHeader(&h))
		_, err := io.WriteString(w, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	made, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil })
	require.NoError(t, err)
	img, err := mutate.AppendLayers(empty.Image, made)
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config.OS, config.Architecture = "linux", "amd64"
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	return img
}

// A layer that climbs out of its root is refused, or what it writes stays in the root.
func TestHostileLayers(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		outside := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(outside, "victim"), []byte("untouched"), 0o600))
		up := "../../../../../../../../../../../../../../.."
		for name, headers := range map[string][]tar.Header{
			"climbs":           {{Name: up + outside + "/evil", Typeflag: tar.TypeReg}},
			"absolute":         {{Name: outside + "/evil", Typeflag: tar.TypeReg}},
			"through a link":   {{Name: "link", Typeflag: tar.TypeSymlink, Linkname: outside}, {Name: "link/evil", Typeflag: tar.TypeReg}},
			"through a climb":  {{Name: "link", Typeflag: tar.TypeSymlink, Linkname: up + outside}, {Name: "link/evil", Typeflag: tar.TypeReg}},
			"over a link":      {{Name: "link", Typeflag: tar.TypeSymlink, Linkname: outside + "/victim"}, {Name: "link", Typeflag: tar.TypeReg}},
			"hard link":        {{Name: "hard", Typeflag: tar.TypeLink, Linkname: up + outside + "/victim"}, {Name: "hard", Typeflag: tar.TypeReg}},
			"absolute hard":    {{Name: "hard", Typeflag: tar.TypeLink, Linkname: outside + "/victim"}},
			"whiteout":         {{Name: up + outside + "/.wh.victim", Typeflag: tar.TypeReg}},
			"whiteout by link": {{Name: "link", Typeflag: tar.TypeSymlink, Linkname: outside}, {Name: "link/.wh.victim", Typeflag: tar.TypeReg}},
			"device":           {{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}},
		} {
			img := hostileImage(t, headers...)
			for _, path := range []string{dockerArchive(t, map[string]v1.Image{"app:one": img}), ociArchive(t, indexOfOne(img))} {
				ctr := e.c.Container().Import(e.c.Host().File(path))
				if _, err := ctr.Rootfs().Entries(t.Context()); err != nil {
					require.Contains(t, name, "hard", "%s", err)
					require.NotContains(t, err.Error(), "read /:")
					continue
				}
				target := filepath.Join(t.TempDir(), "out")
				_, err := ctr.Rootfs().Export(t.Context(), target)
				if name == "device" {
					require.ErrorContains(t, err, "null is a device, and devices are not written to this machine")
					require.NoFileExists(t, filepath.Join(target, "null"))
					continue
				}
				require.NoError(t, err, name)
				require.NoError(t, filepath.WalkDir(target, func(path string, entry fs.DirEntry, err error) error {
					require.NoError(t, err)
					require.Zero(t, entry.Type()&fs.ModeDevice, "%s: %s is a device", name, path)
					return nil
				}))
			}
			require.NoFileExists(t, filepath.Join(outside, "evil"), name)
			content, err := os.ReadFile(filepath.Join(outside, "victim"))
			require.NoError(t, err, name)
			require.Equal(t, "untouched", string(content), name)
		}
	})
}

func indexOfOne(img v1.Image) v1.ImageIndex {
	return mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img})
}

// What is exported lands in the folder that was named, whatever links lie there or come
// along.
func TestExportsStayInTheirFolder(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		ctx := t.Context()
		outside, dest := t.TempDir(), t.TempDir()
		victim := filepath.Join(outside, "victim")
		require.NoError(t, os.WriteFile(victim, []byte("untouched"), 0o600))
		// Links of an export before must not lead the next one astray.
		first := e.c.Directory().WithSymlink(outside, "folder").WithSymlink(victim, "file").WithSymlink("../../../../../../../../"+outside, "climb")
		_, err := first.Export(ctx, dest)
		require.NoError(t, err)
		for _, through := range []string{"folder/evil", "folder/victim", "climb/evil"} {
			_, err = e.treeOf(map[string]string{through: "x"}).Export(ctx, dest)
			require.ErrorContains(t, err, "is in the way of a folder")
		}
		_, err = e.treeOf(map[string]string{"file": "new"}).Export(ctx, dest)
		require.NoError(t, err)
		require.NoFileExists(t, filepath.Join(outside, "evil"))
		content, err := os.ReadFile(victim)
		require.NoError(t, err)
		require.Equal(t, "untouched", string(content))
		content, err = os.ReadFile(filepath.Join(dest, "file"))
		require.NoError(t, err)
		require.Equal(t, "new", string(content))

		// Files and archives replace a link, too.
		for name, export := range map[string]func(path string) error{
			"file":      func(path string) error { _, err := e.c.File("f", "new").Export(ctx, path); return err },
			"container": func(path string) error { _, err := e.c.Container().WithNewFile("/f", "").Export(ctx, path); return err },
		} {
			link := filepath.Join(dest, "link-"+name)
			require.NoError(t, os.Symlink(victim, link))
			require.NoError(t, export(link))
			content, err := os.ReadFile(victim)
			require.NoError(t, err)
			require.Equal(t, "untouched", string(content), name)
		}
	})
}
