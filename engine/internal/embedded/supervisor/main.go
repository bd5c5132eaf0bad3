//go:build linux

// Command supervisor runs the embedded engine: buildkitd inside the engine root,
// for as long as somebody holds a lease on it. Package embedded compiles it from
// the sources it carries and starts it; supervise is where to begin reading.
//
// Two of its processes watch each other. The supervisor stays in the host's
// namespaces, gives out leases and cleans up when the other one ends. That one,
// called init here, is process 1 of the engine's own process and mount
// namespaces: the kernel ends buildkitd and every container when it ends, and it
// cleans up when the supervisor is killed.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if filepath.Base(os.Args[0]) == runtimeName {
		fail(runRuntime(os.Args[1:]))
	}
	if len(os.Args) < 2 {
		fail(fmt.Errorf("this is a part of Bodkin's embedded engine and not started by hand"))
	}
	switch os.Args[1] {
	case "supervise":
		fail(supervise(os.Stdin))
	case "init":
		os.Exit(runInit())
	case "clean":
		fail(cleanCommand(os.Args[2]))
	default:
		fail(fmt.Errorf("unknown command %q", os.Args[1]))
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return replaceFile(path, data, 0o600)
}

// replaceFile writes by rename, so that readers see the old file or the new one.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	if err := os.WriteFile(path+".new", data, mode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
