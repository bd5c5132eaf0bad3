//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// child is init as the supervisor sees it.
type child struct {
	pid     int
	control io.WriteCloser // 't' asks for a graceful end; closing it means that we are gone
	ended   chan struct{}  // closed when init and all its descendants are gone
	err     error          // why it ended; valid once ended is closed
}

// initConfig is what init needs to know.
type initConfig struct {
	control.Config
	Network network
}

// File descriptors of init beyond the standard ones.
const (
	initConfigFD = 3 // initConfig as JSON, then end of file
	initReportFD = 4 // an error message, or nothing, then end of file
	initLockFD   = 5 // the daemon lock, shared with the supervisor
)

// startChild returns once init has set up its namespaces and started buildkitd.
func startChild(s *supervisor, lock *os.File) (*child, error) {
	config, err := json.Marshal(initConfig{Config: s.cfg, Network: s.net})
	if err != nil {
		return nil, err
	}
	configR, configW, err1 := os.Pipe()
	reportR, reportW, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	defer reportR.Close()
	defer configW.Close()
	cmd := exec.Command("/proc/self/exe", "init")
	cmd.Env = []string{}
	cmd.Stdout, cmd.Stderr = s.out, s.out
	cmd.ExtraFiles = []*os.File{configR, reportW, lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC, Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	configR.Close()
	reportW.Close()
	if err != nil {
		return nil, fmt.Errorf("creating the engine's namespaces: %w", err)
	}
	c := &child{pid: cmd.Process.Pid, control: stdin, ended: make(chan struct{})}
	go func() {
		if c.err = cmd.Wait(); c.err == nil {
			c.err = errors.New("exit status 0")
		}
		close(c.ended)
	}()
	if _, err := configW.Write(config); err != nil {
		return c, fmt.Errorf("configuring the engine's namespaces: %w", err)
	}
	configW.Close()
	report, err := io.ReadAll(reportR)
	if err == nil && len(report) > 0 {
		err = errors.New(string(bytes.TrimSpace(report)))
	}
	return c, err
}

// root is where the host sees init's root folder.
func (c *child) root() string { return "/proc/" + strconv.Itoa(c.pid) + "/root" }

// gracePeriod is how long buildkitd may wait for its clients to go. Ending it by
// force loses no finished step: its databases are transactional.
const gracePeriod = 2 * time.Second

// stop ends buildkitd and waits until everything in its namespaces is gone.
func (c *child) stop() {
	_, _ = c.control.Write([]byte("t"))
	select {
	case <-c.ended:
	case <-time.After(gracePeriod):
		c.kill()
	}
}

func (c *child) kill() {
	select {
	case <-c.ended:
	default:
		_ = syscall.Kill(c.pid, syscall.SIGKILL)
		<-c.ended
	}
}
