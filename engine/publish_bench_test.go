package engine_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/internal/registrytest"
)

// heavy is a folder with a file of 64 MB that cannot be compressed.
func heavy(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	data := make([]byte, 64<<20)
	_, _ = rand.Read(data)
	require.NoError(b, os.WriteFile(filepath.Join(dir, "heavy"), data, 0o644))
	return dir
}

// benchPublish publishes to a repository that has nothing, against a plain BuildKit
// client whose daemon pushes the same from the same state.
func benchPublish(b *testing.B, to func() string, ours func(*dagger.Client) *dagger.Container, plain func() llb.State, dirs map[string]fsutil.FS) {
	b.Helper()
	c, bk := benchClients(b)
	peers(b, 1, func(int) func() {
		return func() {
			_, err := ours(c).Publish(b.Context(), to())
			require.NoError(b, err)
		}
	}, func(int) func() {
		return func() {
			def, err := plain().Marshal(b.Context())
			require.NoError(b, err)
			_, err = bk.Solve(b.Context(), def, client.SolveOpt{LocalMounts: dirs, Exports: []client.ExportEntry{{
				Type: client.ExporterImage, Attrs: map[string]string{"name": to(), "push": "true", "oci-mediatypes": "true"},
			}}}, nil)
			require.NoError(b, err)
		}
	})
}

// BenchmarkPublishNew: 64 MB that the registry does not have.
func BenchmarkPublishNew(b *testing.B) {
	r := registrytest.Start(b, registrytest.Options{})
	dir := heavy(b)
	local, err := fsutil.NewFS(dir)
	require.NoError(b, err)
	benchPublish(b, func() string { return r.Host + "/" + unique() + ":1" }, func(c *dagger.Client) *dagger.Container {
		return c.Container().WithFile("/heavy", c.Host().File(filepath.Join(dir, "heavy"))).WithNewFile("/new", unique())
	}, func() llb.State {
		return llb.Scratch().File(llb.Copy(llb.Local("heavy"), "/heavy", "/heavy")).File(llb.Mkfile("/new", 0o644, []byte(unique())))
	}, map[string]fsutil.FS{"heavy": local})
}

// BenchmarkPublishOnBase: a small change of an image of 64 MB that is in the
// registry.
func BenchmarkPublishOnBase(b *testing.B) {
	r := registrytest.Start(b, registrytest.Options{})
	dir := heavy(b)
	c, _ := benchClients(b)
	base := r.Host + "/base:1"
	_, err := c.Container().WithFile("/heavy", c.Host().File(filepath.Join(dir, "heavy"))).Publish(b.Context(), base)
	require.NoError(b, err)
	benchPublish(b, func() string { return r.Host + "/" + unique() + ":1" }, func(c *dagger.Client) *dagger.Container {
		return c.Container().From(base).WithNewFile("/new", unique())
	}, func() llb.State {
		return llb.Image(base).File(llb.Mkfile("/new", 0o644, []byte(unique())))
	}, nil)
}
