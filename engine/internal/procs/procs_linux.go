// Package procs lists the processes in the containers of a daemon on this
// machine. Start with InContainers.
package procs

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Process is a process in a container.
type Process struct {
	PID       int    // as the host numbers it
	Container string // its container, as the kernel numbers that
	State     string // such as "S": sleeping; see proc_pid_stat(5)
	Age, CPU  time.Duration
	Written   int64  // bytes, to wherever; 0 where the kernel does not tell
	Command   string // its words separated by spaces
}

// ticks is how many units of time in /proc/PID/stat make a second: always as many
// on Linux.
const ticks = 100

// InContainers returns the processes that descend from the process of a daemon and
// are in containers: in process namespaces of their own. Those of one container
// are together, the oldest container first.
func InContainers(daemon int) ([]Process, error) {
	uptime, err := sinceBoot()
	if err != nil {
		return nil, err
	}
	all, parents, err := table(uptime)
	if err != nil {
		return nil, err
	}
	own, err := namespace(daemon)
	if err != nil {
		return nil, fmt.Errorf("looking at the engine's processes: %w", err)
	}
	oldest := map[string]time.Duration{}
	var found []Process
	for _, p := range all {
		if p.Container, err = namespace(p.PID); err != nil || p.Container == own || !descends(p.PID, daemon, parents) {
			continue // err: it has ended meanwhile
		}
		p.Written = written(p.PID)
		oldest[p.Container] = max(oldest[p.Container], p.Age)
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b Process) int {
		return cmp.Or(cmp.Compare(oldest[b.Container], oldest[a.Container]), cmp.Compare(a.Container, b.Container), cmp.Compare(a.PID, b.PID))
	})
	return found, nil
}

func sinceBoot() (time.Duration, error) {
	content, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0, fmt.Errorf("looking at the engine's processes: %w", err)
	}
	first, _, _ := strings.Cut(string(content), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0, fmt.Errorf("looking at the engine's processes: %w", err)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// table returns all processes and their parents.
func table(uptime time.Duration) ([]Process, map[int]int, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, nil, fmt.Errorf("looking at the engine's processes: %w", err)
	}
	var all []Process
	parents := map[int]int{}
	for _, folder := range folders {
		p, parent, ok := read(folder, uptime)
		if ok {
			parents[p.PID] = parent
			all = append(all, p)
		}
	}
	return all, parents, nil
}

// read returns a process and its parent; ok is false where it has ended meanwhile.
func read(folder string, uptime time.Duration) (p Process, parent int, ok bool) {
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return Process{}, 0, false
	}
	// The name, in parentheses, may hold anything. What follows begins with field 3.
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 20 {
		return Process{}, 0, false
	}
	number := func(field int) int { n, _ := strconv.Atoi(fields[field-3]); return n }
	pid, err := strconv.Atoi(filepath.Base(folder))
	if err != nil {
		return Process{}, 0, false
	}
	line, err := os.ReadFile(filepath.Join(folder, "cmdline"))
	if err != nil {
		return Process{}, 0, false
	}
	command := strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
	if command == "" { // a zombie
		command = text[strings.Index(text, "("):][:strings.LastIndex(text, ")")+1-strings.Index(text, "(")]
	}
	return Process{
		PID: pid, State: fields[0], Command: command,
		Age: uptime - inTicks(number(22)), CPU: inTicks(number(14) + number(15)),
	}, number(4), true
}

func written(pid int) int64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(content), "wchar: ")
	first, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(first, 10, 64)
	return n
}

func inTicks(n int) time.Duration { return time.Duration(n) * time.Second / ticks }

func namespace(pid int) (string, error) {
	return os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
}

func descends(pid, from int, parents map[int]int) bool {
	for range len(parents) {
		if pid == from {
			return true
		}
		if pid = parents[pid]; pid == 0 {
			return false
		}
	}
	return false
}
