package embedded_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

func TestStepRunsUnderSeccomp(t *testing.T) {
	out, err := run(t, enginetest.Address(t), []string{"cat", "/proc/self/status"})
	require.NoError(t, err)
	require.Contains(t, strings.Fields(out), "Seccomp:")
	require.Regexp(t, `(?m)^Seccomp:\t2$`, out)
	require.Regexp(t, `(?m)^Pid:\t1$`, out)
}

func TestStepThatFailsSaysSo(t *testing.T) {
	_, err := run(t, enginetest.Address(t), []string{"cat", "/no/such/file"})
	require.ErrorContains(t, err, "exit code: 1")
}

func TestStepReachesTheOutside(t *testing.T) {
	address := enginetest.Address(t)
	listener, _ := listen(t, outsideIP(t))
	out, err := run(t, address, []string{"dial", listener})
	require.NoError(t, err)
	require.Equal(t, "hello", out)
}

func TestStepDoesNotReachTheHostsLoopback(t *testing.T) {
	address := enginetest.Address(t)
	listener, connected := listen(t, "127.0.0.1")
	_, err := run(t, address, []string{"dial", listener})
	require.ErrorContains(t, err, "exit code: 1")
	require.Empty(t, connected)
}

func TestStepOnTheHostsNetworkOnRequest(t *testing.T) {
	address := enginetest.Address(t)
	listener, _ := listen(t, "127.0.0.1")
	out, err := run(t, address, []string{"dial", listener}, llb.Network(pb.NetMode_HOST))
	require.NoError(t, err)
	require.Equal(t, "hello", out)
}

func TestStepSeesTheHostsNameServers(t *testing.T) {
	out, err := run(t, enginetest.Address(t), []string{"cat", "/etc/resolv.conf"})
	require.NoError(t, err)
	require.Contains(t, out, "nameserver ")
}

func TestPrivilegedStepOnRequest(t *testing.T) {
	out, err := run(t, enginetest.Address(t), []string{"cat", "/proc/self/status"}, llb.Security(pb.SecurityMode_INSECURE))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^Seccomp:\t0$`, out)
}

// TestCrunStartsSteps looks for what crun leaves in the daemon's root, and for
// what runc would have left.
func TestCrunStartsSteps(t *testing.T) {
	dir := t.TempDir()
	_, err := run(t, start(t, dir).Address(), []string{"true"})
	require.NoError(t, err)
	root := fmt.Sprintf("/proc/%d/root", status(t, dir).Buildkitd)
	require.DirExists(t, root+"/run/crun")
	require.NoDirExists(t, root+"/run/runc")
}
