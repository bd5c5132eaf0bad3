package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
	"github.com/bodkin-ci/bodkin/internal/proctest"
)

// What makes the test program a client of its own: the engine's address, the
// test program of containers, and a mark for the service.
const (
	clientEngine = "ENGINE_TEST_CLIENT_ENGINE"
	clientBox    = "ENGINE_TEST_CLIENT_BOX"
	clientMark   = "ENGINE_TEST_CLIENT_MARK"
)

// runAsClient starts a service, a tunnel to it and an exec next to it, says so
// and waits, where this process is told to.
func runAsClient() bool {
	address := os.Getenv(clientEngine)
	if address == "" {
		return false
	}
	ctx := context.Background()
	c, err := engine.Connect(ctx, engine.WithAddress(address))
	if err != nil {
		panic(err)
	}
	mark := os.Getenv(clientMark)
	ctr := c.Container().WithFile(boxPath, c.Host().File(os.Getenv(clientBox))).WithEnvVariable("MARK", mark)
	svc := ctr.WithExposedPort(keeperPort).AsService(dagger.ContainerAsServiceOpts{Args: box("keep", "8080", "0s", mark)})
	if _, err := c.Host().Tunnel(svc).Start(ctx); err != nil {
		panic(err)
	}
	fmt.Println("started")
	_, err = ctr.WithServiceBinding("store", svc).WithExec(box("ok", "http://store:8080/start", ";", "sleep", "1000s", mark)).Sync(ctx)
	panic(err)
}

// A client that is killed leaves nothing of its services behind.
func TestKilledClientOfAService(t *testing.T) {
	onEngines(t, func(t *testing.T, e *env) {
		if e.Name == "other" {
			t.Skip("the engine's processes may be on another machine")
		}
		mark := "killed-" + unique()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), clientEngine+"="+e.Address, clientBox+"="+enginetest.Testbox(t), clientMark+"="+mark)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "started\n", line)
		require.Eventually(t, func() bool { return len(proctest.Find(t, "sleep 1000s "+mark)) > 0 }, time.Minute, 20*time.Millisecond)

		var containers []proctest.Container
		for _, p := range proctest.Find(t, mark) {
			containers = append(containers, proctest.ContainerOf(t, p))
		}
		require.NotEmpty(t, containers[0].Left(t))
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		var left []string
		require.Eventually(t, func() bool {
			left = nil
			for _, p := range proctest.Find(t, mark) {
				left = append(left, string(p))
			}
			for _, container := range containers {
				left = append(left, container.Left(t)...)
			}
			return len(left) == 0
		}, 10*time.Second, 100*time.Millisecond, "%v", &left)
	})
}
