package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/proctest"
)

// endsWithin is how long after a cancelled job's program everything else may take to end.
const endsWithin = 30 * time.Second

// stuck is an application whose test never ends.
var stuck = map[string]string{
	"go.mod":        "module example.com/%s\n\ngo 1.26\n",
	"stuck_test.go": "package stuck\n\nimport \"testing\"\n\nfunc TestStuck(*testing.T) { select {} }\n",
}

// TestCancelledJob cancels a job in the middle of a step, in each way that CIs do it. With
// an engine that ends with its last client, nothing of the job stays.
func TestCancelledJob(t *testing.T) {
	needsEmbedded(t)
	ci := compile(t, "./ci")
	ownCache(t)
	t.Setenv("BODKIN_ENGINE_IDLE", "0")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			app := fmt.Sprintf("stuck%d", time.Now().UnixNano())
			source := filepath.Join(t.TempDir(), app)
			require.NoError(t, os.Mkdir(source, 0o755))
			for name, content := range stuck {
				require.NoError(t, os.WriteFile(filepath.Join(source, name), []byte(strings.Replace(content, "%s", app, 1)), 0o644))
			}
			job := exec.CommandContext(t.Context(), ci, "test", "--engine", "embedded", "--source", source, "--output", t.TempDir())
			require.NoError(t, job.Start())
			ended := make(chan error, 1)
			go func() { ended <- job.Wait() }()
			var step []proctest.Process
			for len(step) == 0 {
				select {
				case err := <-ended:
					require.Fail(t, "the job has ended before it was cancelled", "%v", err)
				case <-time.After(50 * time.Millisecond):
					step = proctest.Find(t, "/tests/"+app+".test")
				}
			}
			container := proctest.ContainerOf(t, step[0])
			state, err := engine.Status(t.Context())
			require.NoError(t, err)
			require.NotZero(t, state.Buildkitd)
			require.NoError(t, job.Process.Signal(signal))
			require.Error(t, <-ended)
			require.Eventually(t, func() bool { return len(container.Left(t))+len(leftOf(state)) == 0 }, endsWithin, 100*time.Millisecond,
				"of the step: %s\nof the engine: %s", late(func() any { return container.Left(t) }), late(func() any { return leftOf(state) }))
		})
	}
}

// late is asked for its text when that is needed.
type late func() any

func (l late) String() string { return fmt.Sprint(l()) }

// leftOf lists what is still on the host of an engine.
func leftOf(state *engine.State) []string {
	var left []string
	for _, pid := range []int{state.Supervisor, state.Buildkitd} {
		if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && len(line) > 0 {
			left = append(left, "process "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	if _, err := net.InterfaceByName(state.Bridge); err == nil {
		left = append(left, "bridge "+state.Bridge)
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err == nil && strings.Contains(string(mounts), state.Dir) {
		left = append(left, "a mount in "+state.Dir)
	}
	return left
}

// ownCache gives the test an engine of its own with an empty cache. What takes
// minutes to build is the host's.
func ownCache(t *testing.T) {
	t.Helper()
	own := t.TempDir()
	shareParts(t, own)
	t.Setenv(cachedir.EnvVar, own)
	t.Cleanup(func() { stopEngine(t) })
}

// shareParts puts what takes minutes to build into a cache folder.
func shareParts(t testing.TB, own string) {
	t.Helper()
	host, err := cachedir.Path()
	require.NoError(t, err)
	for _, part := range []string{"bin", "debian", "engine-root", "golang"} {
		require.NoError(t, os.MkdirAll(filepath.Join(host, part), 0o700))
		require.NoError(t, os.Symlink(filepath.Join(host, part), filepath.Join(own, part)))
	}
}

func stopEngine(t *testing.T) {
	t.Helper()
	require.NoError(t, engine.Stop(context.WithoutCancel(t.Context())))
}
