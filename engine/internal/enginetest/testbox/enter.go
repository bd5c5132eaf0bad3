//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// enter runs a daemon in a root made of an engine root: ROOT DAEMON STATE TOP --
// COMMAND…. DAEMON appears as /opt/buildkitd and STATE as /var/lib/buildkit. The
// caller has given this process a mount namespace and a PID namespace.
func enter(args []string) error {
	root, daemon, state, top := args[0], args[1], args[2], args[3]
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Mount("plain", top, "tmpfs", 0, "mode=755"); err != nil {
		return err
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if target, err := os.Readlink(filepath.Join(root, name)); err == nil {
			if err := os.Symlink(target, filepath.Join(top, name)); err != nil {
				return err
			}
		}
	}
	if err := copyFiles(top, "/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"); err != nil {
		return err
	}
	for _, m := range []struct {
		source, target, fstype string
		flags                  uintptr
	}{
		{filepath.Join(root, "usr"), "usr", "", syscall.MS_BIND},
		{"proc", "proc", "proc", 0},
		{"/sys", "sys", "", syscall.MS_BIND | syscall.MS_REC},
		{"/dev", "dev", "", syscall.MS_BIND | syscall.MS_REC},
		{"tmp", "tmp", "tmpfs", 0},
		{"run", "run", "tmpfs", 0},
		{state, "var/lib/buildkit", "", syscall.MS_BIND},
		{daemon, "opt/buildkitd", "", syscall.MS_BIND},
	} {
		target := filepath.Join(top, m.target)
		if err := mountPoint(m.source, target); err != nil {
			return err
		}
		if err := syscall.Mount(m.source, target, m.fstype, m.flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", m.target, err)
		}
	}
	return become(top, args[5:])
}

func mountPoint(source, target string) error {
	if info, err := os.Stat(source); err == nil && info.Mode().IsRegular() {
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, nil, 0o755)
	}
	return os.MkdirAll(target, 0o755)
}

func copyFiles(top string, paths ...string) error {
	return each(paths, func(p string) error {
		content, err := os.ReadFile(p)
		if err != nil {
			return nil // not every host has all of them
		}
		target := filepath.Join(top, p)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o644)
	})
}

// become makes top the root and replaces this process by command.
func become(top string, command []string) error {
	old := filepath.Join(top, "mnt")
	if err := os.MkdirAll(old, 0o755); err != nil {
		return err
	}
	if err := syscall.PivotRoot(top, old); err != nil {
		return fmt.Errorf("entering the root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Unmount("/mnt", syscall.MNT_DETACH); err != nil {
		return err
	}
	return syscall.Exec(command[0], command, os.Environ())
}
