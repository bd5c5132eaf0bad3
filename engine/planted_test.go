package engine_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// found lists the files below a folder that hold one of the texts, also compressed.
func found(t *testing.T, dir string, texts ...string) []string {
	t.Helper()
	var hits []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil //nolint:nilerr // a daemon at work removes files
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil //nolint:nilerr // the same
		}
		for _, content := range append(unpacked(content), content) {
			for _, text := range texts {
				if bytes.Contains(content, []byte(text)) {
					hits = append(hits, path+" holds "+text)
				}
			}
		}
		return nil
	}))
	return hits
}

// unpacked returns what is compressed in content, wherever in it that begins, as in a
// tar of layers.
func unpacked(content []byte) [][]byte {
	var all [][]byte
	for _, format := range []struct {
		magic []byte
		open  func(io.Reader) (io.Reader, error)
	}{
		{[]byte("\x1f\x8b\x08"), func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
		{[]byte("\x28\xb5\x2f\xfd"), func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) }},
	} {
		for at := 0; ; at++ {
			next := bytes.Index(content[at:], format.magic)
			if next < 0 {
				break
			}
			at += next
			r, err := format.open(bytes.NewReader(content[at:]))
			if err != nil {
				continue
			}
			if plain, _ := io.ReadAll(r); len(plain) > 0 { // up to where it is something else
				all = append(all, plain)
			}
		}
	}
	return all
}

// A pipeline gets secrets from a variable, a file and for a registry, uses them in
// every way there is, and fails once with them in its output. Nothing that it leaves
// has them: what it shows, what it publishes, what it keeps for the next run, and
// what the engine keeps.
func TestPlantedSecrets(t *testing.T) {
	enginetest.Needs(t)
	planted := map[string]string{"variable": "variable-" + unique(), "file": "file-" + unique(), "registry": "registry-" + unique()}
	canary := "canary-" + unique() // is looked for in the same places, and found
	r := registrytest.Start(t, registrytest.Options{User: "ci", Password: planted["registry"]})
	variable := "BODKIN_TEST_" + unique()
	t.Setenv(variable, planted["variable"])
	secrets := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secrets, []byte(planted["file"]+"\n"), 0o600))

	state, kept := t.TempDir(), t.TempDir()
	daemon, err := embedded.Start(t.Context(), embedded.Options{Dir: state})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, daemon.Close()) })
	var console said
	told := &statuses{}
	c, err := engine.Connect(t.Context(), engine.WithAddress(daemon.Address()), engine.WithProgress(told.add), engine.WithLogger(log.New(&console)),
		engine.WithCacheVolumes(engine.CacheVolumes{Store: filepath.Join(kept, "volumes")}),
		engine.WithLayerCache(engine.LayerCache{To: []string{"type=local,dest=" + filepath.Join(kept, "layers")}}))
	require.NoError(t, err)
	ctr := boxIn(t, c).WithMountedCache("/cache", c.CacheVolume("planted")).
		WithSecretVariable("VARIABLE", c.Secret("env://"+variable)).
		WithMountedSecret("/run/file", c.Secret("file://"+secrets)).
		WithRegistryAuth(r.Host, "ci", c.SetSecret("registry", planted["registry"]))
	ctr = ctr.WithExec(box("env", ";", "cat", "/run/file", ";", "write", "/app", canary, ";", "write", "/cache/file", canary)).
		WithExec(box("base64", "VARIABLE", ";", "pieces", "/run/file"), dagger.ContainerWithExecOpts{RedirectStdout: "/log"})
	ref := published(t, ctr, r.Host+"/team/app:1")
	failed := fails(t, ctr, "env", ";", "cat", "/run/file", ";", "complain", "VARIABLE")
	_, err = ctr.Export(t.Context(), filepath.Join(kept, "image.tar"))
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, os.WriteFile(filepath.Join(kept, "shown"), fmt.Appendln(nil, told.text(), console.String(), failed, failed.Stdout, failed.Stderr, failed.Cmd, ref, canary), 0o600))

	var hidden []string
	for _, value := range planted {
		hidden = append(hidden, value, base64.StdEncoding.EncodeToString([]byte(value))[:16])
	}
	for _, place := range []string{state, kept, r.Storage} {
		require.Empty(t, found(t, place, hidden...))
	}
	for _, place := range []string{state, filepath.Join(kept, "volumes"), filepath.Join(kept, "layers"), kept, r.Storage} {
		require.NotEmpty(t, found(t, place, canary), "what is in %s can be found", place)
	}
	require.Contains(t, told.text(), "***")
	require.NoError(t, embedded.Stop(t.Context(), state))
}
