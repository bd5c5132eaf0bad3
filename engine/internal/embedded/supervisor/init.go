//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// runInit is process 1 of the engine: it builds the mount namespace, starts
// buildkitd, and reaps. Its exit status is that of buildkitd.
func runInit() int {
	for fd := initConfigFD; fd <= initLockFD; fd++ {
		syscall.CloseOnExec(fd)
	}
	// Caught and dropped, not ignored: ignoring would be inherited by buildkitd.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	var cfg initConfig
	err := json.NewDecoder(os.NewFile(initConfigFD, "config")).Decode(&cfg)
	if err == nil {
		err = enterRoot(cfg)
	}
	if err == nil {
		err = writeDaemonConfig(cfg)
	}
	var daemon int
	if err == nil {
		daemon, err = startBuildkitd(cfg)
	}
	report := os.NewFile(initReportFD, "report")
	if err != nil {
		fmt.Fprint(report, err)
		return 1
	}
	report.Close()
	var orphaned atomic.Bool
	go obey(daemon, &orphaned)
	status := reap(daemon)
	if orphaned.Load() {
		cleanInside(cfg)
	}
	return status
}

// obey passes the supervisor's wishes on. When the supervisor is gone, so is
// everything else.
func obey(daemon int, orphaned *atomic.Bool) {
	b := make([]byte, 1)
	for {
		if _, err := io.ReadFull(os.Stdin, b); err != nil {
			orphaned.Store(true)
			_ = syscall.Kill(-1, syscall.SIGKILL)
			return
		}
		_ = syscall.Kill(daemon, syscall.SIGTERM)
	}
}

// reap collects every process that ends here until none is left, and returns the
// exit status of daemon. The others are killed when daemon ends.
func reap(daemon int) int {
	status := 1
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return status
		case pid == daemon:
			if status = ws.ExitStatus(); ws.Signaled() {
				status = 128 + int(ws.Signal())
			}
			_ = syscall.Kill(-1, syscall.SIGKILL)
		}
	}
}

func startBuildkitd(cfg initConfig) (int, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	pid, err := syscall.ForkExec(buildkitdPath, []string{"buildkitd", "--config", daemonConfigPath}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   daemonEnv(cfg.Env),
		Files: []uintptr{null.Fd(), 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("starting buildkitd: %w", err)
	}
	return pid, nil
}

// cleanInside removes what outlives the namespaces, in place of a supervisor
// that was killed.
func cleanInside(cfg initConfig) {
	removeCgroups(cgroupName(cfg.Dir))
	if err := cfg.Network.tearDown(""); err != nil {
		fmt.Fprintln(os.Stderr, "cleaning up:", err)
	}
	for _, socket := range []string{control.DaemonSocket(cfg.Dir), control.LeaseSocket(cfg.Dir)} {
		_ = os.Remove(filepath.Join(socketsInside, filepath.Base(socket)))
	}
}
