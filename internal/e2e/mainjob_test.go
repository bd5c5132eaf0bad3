package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

// maxImage is how large the runtime image of examples/go-api may be, in bytes.
const maxImage = 12 << 20

// TestMainJob builds and packages examples/go-api twice, each time from an empty
// cache folder, as on a fresh machine. It works on a copy: images carry the
// commit of this repository, which may change meanwhile.
func TestMainJob(t *testing.T) {
	needsEmbedded(t)
	ci := compile(t, "./ci")
	source := filepath.Join(t.TempDir(), "go-api")
	require.NoError(t, os.CopyFS(source, os.DirFS(filepath.Join(repository(t), "examples", "go-api"))))
	first := mainJob(t, ci, source)
	second := mainJob(t, ci, source)
	require.Equal(t, first, second, "two empty engine states gave different images")
}

// mainJob runs the job and returns the image's digest.
func mainJob(t *testing.T, ci, source string) (digest string) {
	t.Run("from an empty cache folder", func(t *testing.T) {
		emptyCache(t)
		dist := t.TempDir()
		run(t, repository(t), ci, "build", "--source", source, "--output", dist)
		run(t, repository(t), ci, "package", "--source", source, "--output", dist)

		binary := filepath.Join(dist, "go-api", "bin", "go-api")
		require.Equal(t, "dev\n", run(t, dist, binary, "-version"))

		archive := filepath.Join(dist, "go-api", "image.tar")
		info, err := os.Stat(archive)
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(maxImage))
		checkImage(t, archive)
		digest = imageDigest(t, archive)
	})
	return digest
}

// checkImage runs the image from its archive, in a container that has nothing else.
func checkImage(t *testing.T, archive string) {
	ctx := t.Context()
	dag, err := engine.Connect(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, dag.Close()) }()
	image := dag.Container().Import(dag.Host().File(archive))

	user, err := image.User(ctx)
	require.NoError(t, err)
	require.Regexp(t, `^[1-9]\d*(:[1-9]\d*)?$`, user, "the image's user is a number and not root")

	files, err := image.Rootfs().Glob(ctx, "**/*")
	require.NoError(t, err)
	require.ElementsMatch(t, []string{
		"etc/", "etc/group", "etc/passwd", "etc/ssl/", "etc/ssl/certs/", "etc/ssl/certs/ca-certificates.crt",
		"usr/", "usr/local/", "usr/local/bin/", "usr/local/bin/go-api",
	}, files)

	out, err := image.WithExec([]string{"-version"}, dagger.ContainerWithExecOpts{UseEntrypoint: true}).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "dev\n", out)
}
