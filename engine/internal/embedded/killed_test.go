package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
	"github.com/bodkin-ci/bodkin/internal/proctest"
)

// TestKilledInTheMiddleOfABuild kills each part of the engine while a step runs.
func TestKilledInTheMiddleOfABuild(t *testing.T) {
	for name, victims := range map[string]func(*embedded.State) []int{
		"buildkitd":  func(s *embedded.State) []int { return []int{s.Buildkitd} },
		"supervisor": func(s *embedded.State) []int { return []int{s.Supervisor} },
		"init":       func(s *embedded.State) []int { return []int{parentOf(s.Buildkitd)} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := start(t, dir)
			before, finished := killDuringBuild(t, dir, d, victims)
			requireGone(t, dir, before)
			requireStepsCached(t, dir, finished)
		})
	}
}

// Nobody is left to clean up until the next start or stop.
func TestAllKilledInTheMiddleOfABuild(t *testing.T) {
	all := func(s *embedded.State) []int { return []int{s.Supervisor, parentOf(s.Buildkitd), s.Buildkitd} }
	t.Run("next start", func(t *testing.T) {
		dir := t.TempDir()
		_, finished := killDuringBuild(t, dir, start(t, dir), all)
		requireStepsCached(t, dir, finished)
	})
	t.Run("stop", func(t *testing.T) {
		dir := t.TempDir()
		before, _ := killDuringBuild(t, dir, start(t, dir), all)
		require.NoError(t, embedded.Stop(context.Background(), dir))
		requireGone(t, dir, before)
	})
}

func TestStopInTheMiddleOfABuild(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir)
	done := make(chan error, 1)
	busy(t, d, func(err error) { done <- err })
	before := status(t, dir)
	require.NoError(t, embedded.Stop(context.Background(), dir))
	require.Error(t, <-done)
	require.Empty(t, leftovers(t, dir, before))
}

func TestStopOfAHungSupervisor(t *testing.T) {
	dir := t.TempDir()
	start(t, dir)
	before := status(t, dir)
	require.NoError(t, syscall.Kill(before.Supervisor, syscall.SIGSTOP))
	require.NoError(t, embedded.Stop(context.Background(), dir))
	require.Empty(t, leftovers(t, dir, before))
}

func TestStartTellsWhyTheDaemonDoesNotComeUp(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(control.StateDir(dir), []byte("in the way"), 0o600))
	_, err := embedded.Start(context.Background(), embedded.Options{Dir: dir})
	var unsupported *embedded.UnsupportedError
	if errors.As(err, &unsupported) {
		t.Skip(err)
	}
	var failed *embedded.StartError
	require.ErrorAs(t, err, &failed)
	require.ErrorContains(t, err, "not a directory")
	require.NoError(t, embedded.Stop(context.Background(), dir))
}

// killDuringBuild finishes one step, kills while the next one runs, and returns
// what the engine was and what the finished step gave.
func killDuringBuild(t *testing.T, dir string, d *embedded.Daemon, victims func(*embedded.State) []int) (*embedded.State, string) {
	t.Helper()
	root, mounts := probe(t)
	finished, err := solve(context.Background(), t, d.Address(), step(root, []string{"unique"}), mounts)
	require.NoError(t, err)
	done := make(chan error, 1)
	busy(t, d, func(err error) { done <- err })
	before := status(t, dir)
	require.NotZero(t, before.Buildkitd)
	require.NotEmpty(t, proctest.Find(t, "/probe sleep "))
	for _, pid := range victims(before) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	require.Error(t, <-done)
	return before, finished
}

// busy returns once a step runs that ends only with the daemon.
func busy(t *testing.T, d *embedded.Daemon, ended func(error)) {
	t.Helper()
	listener, connected := listen(t, outsideIP(t))
	root, mounts := probe(t)
	go func() {
		_, err := solve(context.Background(), t, d.Address(), step(root, []string{"sleep", listener}, llb.IgnoreCache), mounts)
		ended(err)
	}()
	<-connected
}

// requireStepsCached starts the engine again: the finished step is not run again,
// and new ones can be.
func requireStepsCached(t *testing.T, dir, finished string) {
	t.Helper()
	d := start(t, dir)
	root, mounts := probe(t)
	again, err := solve(context.Background(), t, d.Address(), step(root, []string{"unique"}), mounts)
	require.NoError(t, err)
	require.Equal(t, finished, again)
	_, err = run(t, d.Address(), []string{"true"})
	require.NoError(t, err)
	before := status(t, dir)
	require.NoError(t, embedded.Stop(context.Background(), dir))
	require.Empty(t, leftovers(t, dir, before))
}

// parentOf returns the process that started pid.
func parentOf(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(status), "\nPPid:")
	var parent int
	_, _ = fmt.Sscan(after, &parent)
	return parent
}
