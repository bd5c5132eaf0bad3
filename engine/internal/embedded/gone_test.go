package embedded_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// How long, and how often, tests look for what happens by and by.
const (
	patience = 20 * time.Second
	poll     = 50 * time.Millisecond
)

// leftovers lists what is still there of the daemon that s described.
func leftovers(t testing.TB, dir string, s *embedded.State) []string {
	t.Helper()
	var found []string
	for _, pid := range []int{s.Supervisor, s.Buildkitd} {
		if data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")); err == nil && len(data) > 0 {
			found = append(found, "process "+strings.ReplaceAll(string(data), "\x00", " "))
		}
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err == nil && bytes.Contains(mounts, []byte(dir)) {
		found = append(found, "a mount")
	}
	if _, err := net.InterfaceByName(s.Bridge); err == nil {
		found = append(found, "bridge "+s.Bridge)
	}
	if strings.Contains(packetRules(t), s.Bridge) {
		found = append(found, "rules of "+s.Bridge)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/bodkin-" + control.ID(dir), "/sys/fs/cgroup/*/bodkin-" + control.ID(dir), filepath.Join(dir, "run", "*")} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		found = append(found, paths...)
	}
	return found
}

// requireGone waits until nothing is left.
func requireGone(t testing.TB, dir string, s *embedded.State) {
	t.Helper()
	require.True(t, s.Running)
	require.NotEmpty(t, s.Bridge)
	deadline := time.Now().Add(patience)
	found := leftovers(t, dir, s)
	for len(found) > 0 && time.Now().Before(deadline) {
		time.Sleep(poll)
		found = leftovers(t, dir, s)
	}
	require.Empty(t, found)
}

// packetRules lists the host's packet filter with the engine root's own tool.
func packetRules(t testing.TB) string {
	t.Helper()
	roots, err := cachedir.Path("engine-root", "[a-z]*-*")
	require.NoError(t, err)
	found, err := filepath.Glob(roots)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	cmd := exec.Cmd{Path: "/usr/sbin/xtables-nft-multi", Args: []string{"iptables-save"}, Dir: "/",
		SysProcAttr: &syscall.SysProcAttr{Chroot: found[0]}}
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
