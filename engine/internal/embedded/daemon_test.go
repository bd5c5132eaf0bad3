package embedded_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/enginetest"
)

func TestTwoClientsShareOneDaemon(t *testing.T) {
	dir := t.TempDir()
	first, second := start(t, dir), start(t, dir)
	require.Equal(t, first.Address(), second.Address())
	require.Equal(t, 2, status(t, dir).Clients)

	root, mounts := probe(t)
	unique := step(root, []string{"unique"})
	a, err := solve(context.Background(), t, first.Address(), unique, mounts)
	require.NoError(t, err)
	b, err := solve(context.Background(), t, second.Address(), unique, mounts)
	require.NoError(t, err)
	require.NotEmpty(t, a)
	require.Equal(t, a, b, "the second client did not get the first one's cached step")

	require.NoError(t, first.Close())
	require.Eventually(t, func() bool { return status(t, dir).Clients == 1 }, patience, poll)
}

func TestTwoFirstStartsStartOneDaemon(t *testing.T) {
	enginetest.Needs(t)
	dir := t.TempDir()
	t.Cleanup(func() { require.NoError(t, embedded.Stop(context.Background(), dir)) })
	daemons := make([]*embedded.Daemon, 4)
	var wg sync.WaitGroup
	for i := range daemons {
		wg.Go(func() {
			var err error
			daemons[i], err = embedded.Start(context.Background(), embedded.Options{Dir: dir})
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, len(daemons), status(t, dir).Clients)
	log, err := os.ReadFile(filepath.Join(dir, "engine.log"))
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(log), "supervisor:"), string(log))
}

func TestDaemonsWithDifferentFoldersLiveSideBySide(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	a, b := start(t, one), start(t, two)
	require.NotEqual(t, status(t, one).Bridge, status(t, two).Bridge)
	require.NotEqual(t, status(t, one).Subnet, status(t, two).Subnet)
	listener, _ := listen(t, outsideIP(t))
	for _, d := range []*embedded.Daemon{a, b} {
		out, err := run(t, d.Address(), []string{"dial", listener})
		require.NoError(t, err)
		require.Equal(t, "hello", out)
	}
}

func TestIdleDaemonEnds(t *testing.T) {
	t.Setenv(embedded.IdleEnv, "0")
	dir := t.TempDir()
	d := start(t, dir)
	_, err := run(t, d.Address(), []string{"true"})
	require.NoError(t, err)
	before := status(t, dir)
	require.NoError(t, d.Close())
	requireGone(t, dir, before)
}

func TestClientsThatComeWhileTheDaemonEnds(t *testing.T) {
	t.Setenv(embedded.IdleEnv, "0")
	dir := t.TempDir()
	for range 5 {
		d := start(t, dir)
		require.NoError(t, d.Close())
		again := start(t, dir)
		_, err := run(t, again.Address(), []string{"true"})
		require.NoError(t, err)
		require.NoError(t, again.Close())
	}
}

func TestUnusedDaemonOfOtherSettingsIsReplaced(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir)
	old := status(t, dir)
	t.Setenv("NO_PROXY", "example.test")
	start(t, dir)
	require.Equal(t, old.Buildkitd, status(t, dir).Buildkitd, "a daemon in use was replaced")
	_ = d

	other := t.TempDir()
	unused := start(t, other)
	old = status(t, other)
	require.NoError(t, unused.Close())
	require.Eventually(t, func() bool { return status(t, other).Clients == 0 }, patience, poll)
	t.Setenv("NO_PROXY", "example2.test")
	start(t, other)
	require.NotEqual(t, old.Buildkitd, status(t, other).Buildkitd, "an unused daemon was kept")
}

func TestDaemonIsDetached(t *testing.T) {
	dir := t.TempDir()
	start(t, dir)
	s := status(t, dir)
	for _, pid := range []int{s.Supervisor, s.Buildkitd} {
		session, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(pid), 0, 0)
		require.Zero(t, errno)
		require.NotEqual(t, uintptr(syscall.Getpid()), session)
		mine, _, _ := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
		require.NotEqual(t, mine, session)
	}
	info, err := os.Stat(strings.TrimPrefix(s.Address, "unix://"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestStatusOfADaemonThatDoesNotRun(t *testing.T) {
	dir := t.TempDir()
	s, err := embedded.Status(context.Background(), dir)
	require.NoError(t, err)
	require.Equal(t, &embedded.State{Dir: dir}, s)
	require.NoError(t, embedded.Stop(context.Background(), dir))
	require.NoError(t, embedded.Stop(context.Background(), filepath.Join(dir, "missing")))
}

func TestStatusTellsDiskUse(t *testing.T) {
	dir := t.TempDir()
	d := start(t, dir)
	_, err := run(t, d.Address(), []string{"true"})
	require.NoError(t, err)
	s := status(t, dir)
	require.True(t, s.Running)
	require.Equal(t, 10*time.Minute, s.Idle)
	require.Regexp(t, `^v\d+\.\d+\.\d+$`, s.BuildKit)
	kinds := map[string]int64{}
	for _, u := range s.Disk {
		kinds[u.Kind] = u.Bytes
	}
	require.Positive(t, kinds["regular"], "%+v", s.Disk)
	require.Contains(t, kinds, "source.local")
}

func TestLogsFollow(t *testing.T) {
	dir := t.TempDir()
	start(t, dir)
	var all, followed safeBuffer
	require.NoError(t, embedded.Logs(context.Background(), dir, &all, false))
	require.Contains(t, all.String(), "supervisor:")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- embedded.Logs(ctx, dir, &followed, true) }()
	require.NoError(t, embedded.Stop(context.Background(), dir))
	require.Eventually(t, func() bool { return strings.Contains(followed.String(), "a client asked for it") }, patience, poll)
	cancel()
	require.NoError(t, <-done)
}

func TestStateFolderWithALongName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 40))
	require.NoError(t, os.Mkdir(dir, 0o700))
	d := start(t, dir)
	_, err := run(t, d.Address(), []string{"true"})
	require.NoError(t, err)
	socket := strings.TrimPrefix(d.Address(), "unix://")
	require.FileExists(t, socket)
	before := status(t, dir)
	require.NoError(t, embedded.Stop(context.Background(), dir))
	require.Empty(t, leftovers(t, dir, before))
	require.NoDirExists(t, filepath.Dir(socket))
}

func TestStartIsCancelled(t *testing.T) {
	enginetest.Needs(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := embedded.Start(ctx, embedded.Options{Dir: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)
}
