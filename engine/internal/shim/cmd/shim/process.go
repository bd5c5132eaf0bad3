//go:build linux

package main

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// forwarded are the signals that a command gets when the shim gets them.
var forwarded = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH,
}

// process is the running command.
type process struct {
	pid   int
	ended atomic.Bool

	mu     sync.Mutex
	others map[int]chan<- int // get the exit codes of other children, by process ID
}

// start starts the program at path. It leads a process group of its own, so
// that a command that signals its whole group does not meet the shim in it.
func start(path string, argv, environment []string, noInit bool, stdin *file, p *pipes) (*process, *startError) {
	name := argv[0]
	if noInit {
		argv = append([]string{argv[0], adoptCommand, path}, argv...)
		path = "/proc/self/exe"
	}
	pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
		Env:   environment,
		Files: []uintptr{uintptr(stdin.fd), uintptr(p.stdout.write), uintptr(p.stderr.write)},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, execError(name, err)
	}
	child := &process{pid: pid}
	// Only now, while the command starts: it costs a tenth of the shim's time.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)
	go child.forward(signals)
	return child, nil
}

// execError explains why a program that was found could not be started.
func execError(name string, err error) *startError {
	failed := newStartError(name, err)
	if err == syscall.ENOENT {
		failed.reason = "the interpreter or loader that it names does not exist"
	}
	return failed
}

func (c *process) forward(signals <-chan os.Signal) {
	for s := range signals {
		if number, ok := s.(syscall.Signal); ok && !c.ended.Load() {
			syscall.Kill(c.pid, number)
		}
	}
}

// wait reaps everything that ends until nothing is left, and calls ended with
// the command's exit code when that has ended.
func (c *process) wait(ended func(code int)) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return
		case pid == c.pid:
			c.ended.Store(true)
			ended(exitCode(status))
		default:
			c.tell(pid, exitCode(status))
		}
	}
}

// fork starts another child beside the command, whose exit code ended gets: one
// place only may reap.
func (c *process) fork(path string, argv []string, attr *syscall.ProcAttr, ended chan<- int) (pid int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if pid, err = syscall.ForkExec(path, argv, attr); err != nil {
		return 0, err
	}
	if c.others == nil {
		c.others = map[int]chan<- int{}
	}
	c.others[pid] = ended
	return pid, nil
}

func (c *process) tell(pid, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended := c.others[pid]; ended != nil {
		delete(c.others, pid)
		ended <- code
	}
}

// killRest ends what the command left behind. As PID 1 that is everything else
// in the container.
func (c *process) killRest() {
	if os.Getpid() == 1 {
		syscall.Kill(-1, syscall.SIGKILL)
		return
	}
	syscall.Kill(-c.pid, syscall.SIGKILL)
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// adoptCommand is the shim's argument that makes it adopt orphans and become
// the command: what NoInit runs in between.
const adoptCommand = "adopt"

// adopt becomes the program at path, to which the kernel gives the orphans
// among its descendants instead of giving them to the shim.
func adopt(path string, argv []string) int {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER of prctl(2)
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); errno != 0 {
		return refuse(os.NewSyscallError("prctl", errno))
	}
	failed := execError(argv[0], syscall.Exec(path, argv, os.Environ()))
	os.Stderr.WriteString(failed.Error() + "\n")
	return failed.code
}
