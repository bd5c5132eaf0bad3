//go:build linux

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// cgroupName is the control group above those of the steps.
func cgroupName(dir string) string { return "bodkin-" + control.ID(dir) }

// removeCgroups removes name from every hierarchy. A group stays busy for a
// moment after its last process has ended.
func removeCgroups(name string) {
	found, _ := filepath.Glob("/sys/fs/cgroup/*/" + name)
	for _, top := range append(found, "/sys/fs/cgroup/"+name) {
		for range 50 {
			if removeCgroup(top) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// removeCgroup removes from the leaves upwards and reports whether all are gone.
func removeCgroup(top string) bool {
	var groups []string
	_ = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			groups = append(groups, path)
		}
		return nil
	})
	gone := true
	for _, g := range slices.Backward(groups) {
		if err := os.Remove(g); err != nil && !os.IsNotExist(err) {
			gone = false
		}
	}
	return gone
}
