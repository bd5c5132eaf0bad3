//go:build !unix

package embedded

import "syscall"

// detached exists for programs that choose another engine at run time.
func detached() *syscall.SysProcAttr { return nil }
