//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// cleanCommand ends whatever is left of the daemon of a state folder.
func cleanCommand(dir string) error {
	var r control.Record
	if err := readJSON(control.RecordFile(dir), &r); err == nil {
		end(r.Supervisor)
		end(r.Init)
	}
	lock, err := takeLock(control.DaemonLock(dir), lockPatience)
	if err != nil {
		return err
	}
	defer lock.Close()
	return clean(dir)
}

// clean undoes what the Record of an earlier daemon says. The daemon lock is
// held, so nothing but that daemon's last throes is in the way.
func clean(dir string) error {
	for _, socket := range []string{control.LeaseSocket(dir), control.DaemonSocket(dir)} {
		_ = os.Remove(socket)
	}
	var r control.Record
	err := readJSON(control.RecordFile(dir), &r)
	if errors.Is(err, fs.ErrNotExist) {
		return clearScratch(dir)
	}
	if err != nil {
		return fmt.Errorf("reading what an earlier daemon noted: %w", err)
	}
	if r.Supervisor.PID != os.Getpid() {
		end(r.Supervisor)
	}
	end(r.Init)
	removeCgroups(cgroupName(dir))
	if subnet, err := netip.ParsePrefix(r.Subnet); err == nil {
		if err := (network{Bridge: r.Bridge, Subnet: subnet}).tearDown(r.Root); err != nil {
			return err
		}
	}
	if sockets := control.SocketDir(dir); filepath.Dir(sockets) != dir {
		_ = os.Remove(sockets)
	}
	if err := clearScratch(dir); err != nil {
		return err
	}
	return os.Remove(control.RecordFile(dir))
}

// clearScratch empties the daemon's temporary folder.
func clearScratch(dir string) error {
	tmp := filepath.Join(control.StateDir(dir), "tmp")
	if err := os.RemoveAll(tmp); err != nil {
		return fmt.Errorf("emptying the engine's temporary folder: %w", err)
	}
	return os.MkdirAll(tmp, 0o700)
}

// endPatience is how long the kernel may take to end a killed process and what
// is in its namespaces.
const endPatience = 10 * time.Second

// end kills p and waits until it is gone.
func end(p control.Process) {
	for deadline := time.Now().Add(endPatience); alive(p) && time.Now().Before(deadline); {
		_ = syscall.Kill(p.PID, syscall.SIGKILL)
		time.Sleep(5 * time.Millisecond)
	}
}

// takeLock waits for the exclusive lock at path. It is held until the returned
// file, and each copy of it in another process, is closed.
func takeLock(path string, patience time.Duration) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the daemon lock: %w", err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("another daemon on %s is still there after %s: %w", filepath.Dir(path), patience, err)
		}
	}
}
