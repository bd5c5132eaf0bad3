//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// Paths inside the engine's mount namespace.
const (
	buildkitdPath    = "/opt/buildkitd"
	daemonConfigPath = "/etc/buildkit/buildkitd.toml"
	stateInside      = "/var/lib/buildkit"
	socketsInside    = "/run/bodkin"
)

// mountPoint is the empty folder on which the root is put together.
func mountPoint(dir string) string { return filepath.Join(dir, "root") }

// enterRoot puts the root together and makes it this process's root, out of
// sight of the host. The top is a tmpfs, so that the engine root stays as it was
// unpacked and nothing written outside BuildKit's state outlives the daemon.
func enterRoot(cfg initConfig) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("separating the engine's mounts from the host's: %w", err)
	}
	top := mountPoint(cfg.Dir)
	if err := syscall.Mount("bodkin", top, "tmpfs", syscall.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mounting the engine's root: %w", err)
	}
	if err := populate(top, cfg); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, m := range mounts(cfg, self) {
		if err := m.do(top); err != nil {
			return err
		}
	}
	hideUnifiedCgroups(top)
	return pivot(top)
}

// hideUnifiedCgroups takes the second hierarchy of a host that has both versions
// of control groups out of sight: crun refuses a host where a controller is in
// the second one.
func hideUnifiedCgroups(top string) {
	_ = syscall.Unmount(filepath.Join(top, "sys/fs/cgroup/unified"), syscall.MNT_DETACH)
}

// populate fills the tmpfs with what is not mounted.
func populate(top string, cfg initConfig) error {
	entries, err := os.ReadDir(cfg.Root)
	if err != nil {
		return fmt.Errorf("reading the engine root: %w", err)
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 { // /bin, /lib and the like
			target, err := os.Readlink(filepath.Join(cfg.Root, e.Name()))
			if err == nil {
				err = os.Symlink(target, filepath.Join(top, e.Name()))
			}
			if err != nil {
				return fmt.Errorf("linking the engine's root: %w", err)
			}
		}
	}
	for _, dir := range []string{"etc", "run", "opt/bin", "root", "var/lib", "var/tmp", "mnt"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			return err
		}
	}
	if err := copyTree(filepath.Join(cfg.Root, "etc"), filepath.Join(top, "etc")); err != nil {
		return fmt.Errorf("copying the engine root's settings: %w", err)
	}
	return copyHostFiles(top, cfg.Config)
}

// mount is one mount of the engine's root.
type mount struct {
	source, target, fstype string
	flags                  uintptr
	data                   string
	file                   bool // source is a file, not a folder
	readOnly               bool
}

func mounts(cfg initConfig, self string) []mount {
	state := control.StateDir(cfg.Dir)
	return []mount{
		{source: filepath.Join(cfg.Root, "usr"), target: "usr", flags: syscall.MS_BIND, readOnly: true},
		{source: cfg.Buildkitd, target: buildkitdPath, flags: syscall.MS_BIND, file: true, readOnly: true},
		{source: self, target: runtimePath, flags: syscall.MS_BIND, file: true, readOnly: true},
		{source: "proc", target: "proc", fstype: "proc", flags: syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC},
		{source: "/sys", target: "sys", flags: syscall.MS_BIND | syscall.MS_REC},
		{source: "/dev", target: "dev", flags: syscall.MS_BIND | syscall.MS_REC},
		{source: control.SocketDir(cfg.Dir), target: socketsInside, flags: syscall.MS_BIND},
		{source: state, target: stateInside, flags: syscall.MS_BIND},
		{source: filepath.Join(state, "tmp"), target: "tmp", flags: syscall.MS_BIND},
		// State of running containers and of their network namespaces: worthless
		// after the daemon's end, and in memory quicker to set up per exec.
		{source: "bodkin", target: stateInside + "/runc-overlayfs/executor", fstype: "tmpfs", data: "mode=711"},
		{source: "bodkin", target: stateInside + "/net", fstype: "tmpfs", data: "mode=700"},
	}
}

func (m mount) do(top string) error {
	target := filepath.Join(top, m.target)
	if err := m.makeTarget(target); err != nil {
		return fmt.Errorf("preparing /%s of the engine's root: %w", m.target, err)
	}
	if err := syscall.Mount(m.source, target, m.fstype, m.flags, m.data); err != nil {
		return fmt.Errorf("mounting %s of the engine's root: %w", m.target, err)
	}
	if m.readOnly {
		flags := uintptr(syscall.MS_REMOUNT | syscall.MS_BIND | syscall.MS_RDONLY)
		if err := syscall.Mount("", target, "", flags, ""); err != nil {
			return fmt.Errorf("making %s of the engine's root read-only: %w", m.target, err)
		}
	}
	return nil
}

func (m mount) makeTarget(target string) error {
	if m.file {
		return os.WriteFile(target, nil, 0o755)
	}
	return os.MkdirAll(target, 0o755)
}

// pivot makes top the root of this mount namespace and drops the host's.
func pivot(top string) error {
	old := filepath.Join(top, "mnt")
	if err := syscall.PivotRoot(top, old); err != nil {
		return fmt.Errorf("entering the engine's root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Unmount("/mnt", syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("letting go of the host's root: %w", err)
	}
	return nil
}
