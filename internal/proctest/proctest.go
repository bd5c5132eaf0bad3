// Package proctest looks at the processes of this machine, those in containers
// included, for tests. Start with Find.
package proctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Process is a process by its folder, /proc/PID.
type Process string

// Find returns the processes whose command line, its words separated by spaces,
// contains text.
func Find(t testing.TB, text string) []Process {
	t.Helper()
	var found []Process
	for _, p := range all(t) {
		line, err := os.ReadFile(filepath.Join(string(p), "cmdline"))
		if err == nil && strings.Contains(strings.ReplaceAll(string(line), "\x00", " "), text) {
			found = append(found, p)
		}
	}
	return found
}

func all(t testing.TB) []Process {
	t.Helper()
	folders, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	found := make([]Process, len(folders))
	for i, folder := range folders {
		found[i] = Process(folder)
	}
	return found
}

// Container names a container, by what its processes and mounts have in common.
type Container string

// ContainerOf returns a process's container. That is an ID which BuildKit gives
// to one container only; numbers of namespaces come again.
func ContainerOf(t testing.TB, p Process) Container {
	t.Helper()
	groups, err := os.ReadFile(filepath.Join(string(p), "cgroup"))
	require.NoError(t, err)
	id := filepath.Base(strings.TrimSpace(string(groups)))
	require.Greater(t, len(id), 10, "the ID of a container in %s", groups)
	return Container(id)
}

// Left lists what is still there of a container: processes, mounts that any
// process sees, control groups.
func (c Container) Left(t testing.TB) []string {
	t.Helper()
	var left []string
	seen := map[string]bool{}
	for _, p := range all(t) {
		if c.in(filepath.Join(string(p), "cgroup")) {
			left = append(left, "process "+string(p))
		}
		if space, err := os.Readlink(filepath.Join(string(p), "ns", "mnt")); err == nil && !seen[space] {
			seen[space] = true
			if c.in(filepath.Join(string(p), "mountinfo")) {
				left = append(left, "a mount that "+string(p)+" sees")
			}
		}
	}
	for _, pattern := range []string{"/sys/fs/cgroup/*/*/", "/sys/fs/cgroup/*/*/*/"} {
		groups, err := filepath.Glob(pattern + string(c))
		require.NoError(t, err)
		left = append(left, groups...)
	}
	return left
}

func (c Container) in(file string) bool {
	content, err := os.ReadFile(file)
	return err == nil && strings.Contains(string(content), string(c))
}
