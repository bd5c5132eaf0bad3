package shim_test

import (
	"bufio"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

func TestForwardsSignals(t *testing.T) {
	for name, number := range map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT,
		"USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "WINCH": syscall.SIGWINCH,
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t)
			cmd := c.command(protocol.Spec{}, "sh", "-c", "trap 'echo got "+name+"; exit 5' "+name+"; echo ready; while :; do sleep 0.01; done")
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			reader := bufio.NewReader(stdout)
			line, err := reader.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "ready\n", line)
			require.NoError(t, cmd.Process.Signal(number))
			line, err = reader.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "got "+name+"\n", line)
			require.Error(t, cmd.Wait())
			require.Equal(t, 5, cmd.ProcessState.ExitCode())
		})
	}
}

func TestDeathBySignal(t *testing.T) {
	r := newContainer(t).sh("kill -9 $$")
	require.Equal(t, 137, r.status)
	require.Equal(t, "137", r.kept[protocol.ExitCodeFile])
}

func TestSignalToTheCommandsGroupSparesTheShim(t *testing.T) {
	r := newContainer(t).sh("trap 'echo once' TERM; kill -TERM 0; sleep 0.1; exit 4")
	require.Equal(t, 4, r.status)
	require.Equal(t, "once\n", r.stdout)
}

func TestBackgroundProcesses(t *testing.T) {
	for name, c := range map[string]*container{"child": newContainer(t), "PID 1": newContainer(t)} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			if name == "PID 1" {
				c.namespaced()
			}
			r := c.sh("sleep 1000 & echo started; exit 3")
			require.Equal(t, 3, r.status)
			require.Equal(t, "started\n", r.kept[protocol.StdoutFile])

			r = c.sh("(sleep 0.05; echo late) & echo early")
			require.Equal(t, 0, r.status)
			require.Equal(t, lines("early", "late"), r.kept[protocol.StdoutFile], "a last line still counts")

			r = c.sh("yes & sleep 0.1; exit 6")
			require.Equal(t, 6, r.status)
			require.Equal(t, "6", r.kept[protocol.ExitCodeFile])
		})
	}
}

func TestReapsOrphans(t *testing.T) {
	c := newContainer(t).namespaced()
	// Each inner shell leaves its child to PID 1; a zombie would show as Z.
	r := c.sh(`for i in 1 2 3 4 5; do sh -c 'sleep 0.05 &'; done; sleep 0.3; cat /proc/[0-9]*/stat | cut -d' ' -f2,3`)
	require.Equal(t, 0, r.status, r.stderr)
	require.Contains(t, r.stdout, "(shim) ")
	require.NotContains(t, r.stdout, "sleep")
	require.NotContains(t, r.stdout, " Z")
}

func TestNoInitLeavesOrphansToTheCommand(t *testing.T) {
	orphan := func(spec protocol.Spec) (parent, command string) {
		c := newContainer(t).namespaced()
		r := c.run(spec, "sh", "-c", `sh -c '(sleep 0.1; exec sh -c "echo \$PPID") &'; sleep 0.3; echo $$`)
		require.Equal(t, 0, r.status, r.stderr)
		fields := strings.Fields(r.stdout)
		require.Len(t, fields, 2)
		return fields[0], fields[1]
	}
	parent, _ := orphan(protocol.Spec{})
	require.Equal(t, "1", parent)
	parent, command := orphan(protocol.Spec{NoInit: true})
	require.Equal(t, command, parent)
}
