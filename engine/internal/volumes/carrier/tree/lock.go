//go:build linux

package tree

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps other carriers away from the volume, until unlock or the end of the
// process.
func lock(v Volume) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(v.State, v.Name+".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the volume: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking the volume: %w", err)
	}
	return func() { _ = f.Close() }, nil
}
