package procs_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/procs"
)

// A process namespace of its own is what makes a container here.
func TestInContainers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root for namespaces")
	}
	own := exec.Command("sleep", "1h")
	contained := exec.Command("sh", "-c", "echo one >/dev/null; sleep 2h & wait")
	contained.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	for _, cmd := range []*exec.Cmd{own, contained} {
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	var found []procs.Process
	require.Eventually(t, func() bool {
		var err error
		found, err = procs.InContainers(os.Getpid())
		require.NoError(t, err)
		return len(found) == 2 && found[1].Command == "sleep 2h"
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, contained.Process.Pid, found[0].PID)
	require.Equal(t, "sh -c echo one >/dev/null; sleep 2h & wait", found[0].Command)
	require.Equal(t, found[0].Container, found[1].Container)
	require.Less(t, found[0].Age, time.Hour)
	require.NotEmpty(t, found[0].State)
	require.NotZero(t, found[0].Written)

	none, err := procs.InContainers(own.Process.Pid)
	require.NoError(t, err)
	require.Empty(t, none)
}
