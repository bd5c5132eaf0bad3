//go:build unix

package embedded

import "syscall"

// detached keeps a process when the terminal that it was started from goes.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
