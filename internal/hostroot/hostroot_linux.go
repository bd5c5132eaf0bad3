// Package hostroot runs the programs of a container's root file system directly
// on the host, with chroot, so that benchmarks can compare: New. It needs root.
package hostroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Root is a root file system in a folder of the host.
type Root struct {
	dir     string
	user    uint32
	mounted []string
}

// New makes a root out of dir, in which all below the folders owned belongs to
// user. Call Close before the folder is removed.
func New(dir string, user uint32, owned ...string) (*Root, error) {
	r := &Root{dir: dir, user: user}
	for _, folder := range owned {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, int(user), int(user))
		})
		if err != nil {
			return nil, fmt.Errorf("giving %s to user %d: %w", folder, user, err)
		}
	}
	if err := errors.Join(r.devices(), r.Memory("tmp")); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// devices makes a /dev of the root's own. The host's must not be there: whoever
// removes the folder after a benchmark was killed would remove the host's devices.
func (r *Root) devices() error {
	if err := r.mount("dev", "tmpfs", syscall.MS_NOSUID); err != nil {
		return err
	}
	dev := filepath.Join(r.dir, "dev")
	for name, minor := range map[string]int{"null": 3, "zero": 5, "random": 8, "urandom": 9} {
		path := filepath.Join(dev, name)
		if err := syscall.Mknod(path, syscall.S_IFCHR, 1<<8|minor); err != nil {
			return fmt.Errorf("making %s: %w", path, err)
		}
		if err := os.Chmod(path, 0o666); err != nil {
			return err
		}
	}
	shm := filepath.Join(dev, "shm")
	return errors.Join(os.Mkdir(shm, 0o777), os.Chmod(shm, 0o777|os.ModeSticky))
}

// Memory mounts a new file system in memory, which everybody may write to, over
// whatever is at path.
func (r *Root) Memory(path string) error {
	return r.mount(path, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV)
}

func (r *Root) mount(path, kind string, flags uintptr) error {
	target := filepath.Join(r.dir, path)
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(kind, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	r.mounted = append(r.mounted, target)
	return nil
}

// Unmount undoes the last Memory.
func (r *Root) Unmount() error {
	last := len(r.mounted) - 1
	err := syscall.Unmount(r.mounted[last], syscall.MNT_DETACH)
	r.mounted = r.mounted[:last]
	return err
}

// Close unmounts everything.
func (r *Root) Close() error {
	var errs []error
	for len(r.mounted) > 0 {
		errs = append(errs, r.Unmount())
	}
	return errors.Join(errs...)
}

// Command is a program in the root, run as its user with the variables env.
func (r *Root) Command(env []string, args ...string) *exec.Cmd {
	cmd := &exec.Cmd{Path: args[0], Args: args, Env: env, Dir: "/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     r.dir,
		Credential: &syscall.Credential{Uid: r.user, Gid: r.user},
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL,
	}
	return cmd
}
