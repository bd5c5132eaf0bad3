//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// stat returns the fields of /proc/PID/stat after the command name, which may
// hold spaces: state is the first, the parent the second, the start time the 20th.
func stat(pid int) []string {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	_, after, _ := strings.Cut(string(data[strings.LastIndexByte(string(data), ')'):]), " ")
	if fields := strings.Fields(after); len(fields) >= 20 {
		return fields
	}
	return nil
}

func identify(pid int) control.Process {
	p := control.Process{PID: pid}
	if f := stat(pid); f != nil {
		p.Start, _ = strconv.ParseUint(f[19], 10, 64)
	}
	return p
}

// alive reports whether p still runs; a zombie does not.
func alive(p control.Process) bool {
	if p.PID <= 0 {
		return false
	}
	f := stat(p.PID)
	return f != nil && f[0] != "Z" && f[0] != "X" && f[19] == strconv.FormatUint(p.Start, 10)
}

// onlyChildOf returns a child of pid, or 0: init's only lasting one is buildkitd.
func onlyChildOf(pid int) int {
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range found {
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if f := stat(child); err == nil && f != nil && f[1] == strconv.Itoa(pid) {
			return child
		}
	}
	return 0
}
