package proctest_test

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/proctest"
)

func TestFind(t *testing.T) {
	cmd := exec.Command("sleep", "1000.25")
	require.NoError(t, cmd.Start())
	want := proctest.Process(fmt.Sprint("/proc/", cmd.Process.Pid))
	require.Contains(t, proctest.Find(t, "sleep 1000.25"), want)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.NotContains(t, proctest.Find(t, "sleep 1000.25"), want)
}
