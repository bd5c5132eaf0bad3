package toolchain

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// module writes a module archive with the given files below GOROOT.
func module(t *testing.T, files ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "module.zip")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	z := zip.NewWriter(f)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create("golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64/" + files[i])
		require.NoError(t, err)
		_, err = io.WriteString(w, files[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return path
}

type entry struct {
	name    string
	mode    int64
	content string
}

func entries(t *testing.T, layer []byte) []entry {
	t.Helper()
	var all []entry
	for r := tar.NewReader(bytes.NewReader(layer)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		require.Zero(t, h.Uid)
		require.Zero(t, h.Gid)
		require.Equal(t, int64(1), h.ModTime.Unix())
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		all = append(all, entry{h.Name, h.Mode, string(content)})
	}
}

func TestLayer(t *testing.T) {
	var layer bytes.Buffer
	require.NoError(t, writeLayer(context.Background(), &layer, module(t,
		"src/plain/plain.go", "package plain",
		"src/plain/plain_test.go", "package plain",
		"src/plain/testdata/a", "left out",
		"src/embeds/embeds.go", "package embeds\n\n//go:embed testdata/*.txt\nvar all string",
		"src/embeds/testdata/sub/a.txt", "kept",
		"pkg/tool/linux_amd64/compile", "compiler",
		"bin/go", "go",
		"lib/wasm/go_js_wasm_exec", "#!",
		"lib/wasm/wasm_exec.js", "js",
		"VERSION", "go1.26.8",
	)))
	require.Equal(t, []entry{
		{"go/", 0o755, ""},
		{"root/", 0o700, ""},
		{"tmp/", 0o1777, ""},
		{"root/.config/", 0o755, ""},
		{"root/.config/go/", 0o755, ""},
		{"root/.config/go/telemetry/", 0o755, ""},
		{"root/.config/go/telemetry/mode", 0o644, "off"},
		{"usr/", 0o755, ""},
		{"usr/local/", 0o755, ""},
		{"usr/local/go/", 0o755, ""},
		{"usr/local/go/VERSION", 0o644, "go1.26.8"},
		{"usr/local/go/bin/", 0o755, ""},
		{"usr/local/go/bin/go", 0o755, "go"},
		{"usr/local/go/lib/", 0o755, ""},
		{"usr/local/go/lib/wasm/", 0o755, ""},
		{"usr/local/go/lib/wasm/go_js_wasm_exec", 0o755, "#!"},
		{"usr/local/go/lib/wasm/wasm_exec.js", 0o644, "js"},
		{"usr/local/go/pkg/", 0o755, ""},
		{"usr/local/go/pkg/tool/", 0o755, ""},
		{"usr/local/go/pkg/tool/linux_amd64/", 0o755, ""},
		{"usr/local/go/pkg/tool/linux_amd64/compile", 0o755, "compiler"},
		{"usr/local/go/src/", 0o755, ""},
		{"usr/local/go/src/embeds/", 0o755, ""},
		{"usr/local/go/src/embeds/embeds.go", 0o644, "package embeds\n\n//go:embed testdata/*.txt\nvar all string"},
		{"usr/local/go/src/embeds/testdata/", 0o755, ""},
		{"usr/local/go/src/embeds/testdata/sub/", 0o755, ""},
		{"usr/local/go/src/embeds/testdata/sub/a.txt", 0o644, "kept"},
		{"usr/local/go/src/plain/", 0o755, ""},
		{"usr/local/go/src/plain/plain.go", 0o644, "package plain"},
	}, entries(t, layer.Bytes()))
}

func TestLayerDoesNotDependOnTheOrderOfTheModule(t *testing.T) {
	var one, two bytes.Buffer
	require.NoError(t, writeLayer(context.Background(), &one, module(t, "bin/go", "go", "VERSION", "v")))
	require.NoError(t, writeLayer(context.Background(), &two, module(t, "VERSION", "v", "bin/go", "go")))
	require.Equal(t, one.Bytes(), two.Bytes())
}

func TestLayerRefusesPathsThatClimbOut(t *testing.T) {
	for _, name := range []string{"../../etc/passwd", "a/../../b", "/etc/passwd"} {
		err := writeLayer(context.Background(), io.Discard, module(t, name, "x"))
		require.ErrorContains(t, err, "it has a file with the path")
	}
	err := writeLayer(context.Background(), io.Discard, filepath.Join(t.TempDir(), "none.zip"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
