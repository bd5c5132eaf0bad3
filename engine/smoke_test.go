package engine_test

import (
	"context"
	"os"
	"testing"

	"dagger.io/dagger"
	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	c, err := engine.Connect(ctx, engine.WithAddress(os.Getenv("BODKIN_TEST_ENGINE")), engine.WithLogger(log.New(os.Stderr)))
	require.NoError(t, err)
	defer c.Close()
	out, err := c.Directory().WithNewFile("hello", "hi").File("hello").Contents(ctx)
	require.NoError(t, err)
	require.Equal(t, "hi", out)

	busybox := c.Host().File("/bin/busybox")
	ctr := c.Container().WithFile("/bin/busybox", busybox).WithExec([]string{"/bin/busybox", "sh", "-c", "echo out; echo err >&2; id"})
	s, err := ctr.Stdout(ctx)
	require.NoError(t, err)
	t.Log(s)
	_, err = ctr.WithExec([]string{"/bin/busybox", "sh", "-c", "echo fail >&2; exit 3"}).Sync(ctx)
	var ex *dagger.ExecError
	require.ErrorAs(t, err, &ex)
	require.Equal(t, 3, ex.ExitCode)
	require.Equal(t, "fail\n", ex.Stderr)
	t.Log(ex)
	s, err = ctr.WithUser("1000").WithExec([]string{"/bin/busybox", "sh", "-c", "id; ls -la /dev/.bodkin; env"}).Stdout(ctx)
	require.NoError(t, err)
	t.Log(s)
	_, err = c.Container().From("not an image").Sync(ctx)
	t.Log(err)
	_, err = c.Git("https://x").Branch("main").Commit(ctx)
	t.Log(err)
}
