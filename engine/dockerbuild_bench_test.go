package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/fsutil"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

// BenchmarkDockerBuild: a Dockerfile with ten RUN steps in a folder of the host,
// in a session of its own each time, against the frontend that is built into the
// daemon. "edit" runs all steps but the first, "same" none.
func BenchmarkDockerBuild(b *testing.B) {
	for name, edited := range map[string]bool{"edit": true, "same": false} {
		b.Run(name, func(b *testing.B) {
			_, bk := benchClients(b)
			ours, plain := dockerFolder(b), dockerFolder(b)
			dockerBuilt(b, ours)
			dockerFrontend(b, bk, plain)
			prepared := func(dir string, build func()) prepare {
				return func(round int) func() {
					if edited {
						require.NoError(b, os.WriteFile(filepath.Join(dir, "source"), []byte(unique()), 0o600))
					}
					return build
				}
			}
			peers(b, 1, prepared(ours, func() { dockerBuilt(b, ours) }), prepared(plain, func() { dockerFrontend(b, bk, plain) }))
		})
	}
}

func dockerFolder(b *testing.B) string {
	dir := b.TempDir()
	program, err := os.ReadFile(enginetest.Testbox(b))
	require.NoError(b, err)
	dockerfile := boxStage + "COPY source /\n"
	for i := range 10 {
		dockerfile += fmt.Sprintf("RUN echo %d %s\n", i, strings.Repeat("x", i))
	}
	require.NoError(b, os.WriteFile(filepath.Join(dir, "box"), program, 0o755)) //nolint:gosec // a program
	require.NoError(b, os.WriteFile(filepath.Join(dir, "source"), []byte(unique()), 0o600))
	require.NoError(b, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o600))
	return dir
}

func dockerBuilt(b *testing.B, dir string) {
	c := enginetest.Connect(b)
	_, err := c.Host().Directory(dir).DockerBuild().Sync(b.Context())
	require.NoError(b, err)
	require.NoError(b, c.Close())
}

func dockerFrontend(b *testing.B, bk *client.Client, dir string) {
	folder, err := fsutil.NewFS(dir)
	require.NoError(b, err)
	_, err = bk.Solve(b.Context(), nil, client.SolveOpt{
		Frontend: "dockerfile.v0", LocalMounts: map[string]fsutil.FS{"context": folder, "dockerfile": folder}, SharedKey: dir,
	}, nil)
	require.NoError(b, err)
}
