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
	if err := r.mount("/dev", "dev", "", syscall.MS_BIND|syscall.MS_REC); err != nil {
		return nil, err
	}
	if err := r.Memory("tmp"); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Memory mounts a new file system in memory, which everybody may write to, over
// whatever is at path.
func (r *Root) Memory(path string) error {
	return r.mount("tmpfs", path, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV)
}

func (r *Root) mount(source, path, kind string, flags uintptr) error {
	target := filepath.Join(r.dir, path)
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(source, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", target, err)
	}
	r.mounted = append(r.mounted, target)
	if flags&syscall.MS_BIND != 0 {
		// What is mounted or unmounted here later is no concern of the host.
		return syscall.Mount("", target, "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	}
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
