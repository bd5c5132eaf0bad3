package gobuild

import (
	"os/exec"
	"syscall"
)

// ownGroup makes cancelling cmd end the compilers it started too, and makes cmd
// end when this process is killed.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
