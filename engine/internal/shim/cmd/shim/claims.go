//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// claimPrefix opens the names of files, in the folder of the instances, that are
// locked while an exec listens on the address that the name goes on with. Their
// content is the instance that connections to it are led to.
const claimPrefix = ".claim-"

// claimsKept is how long unused files of claims stay.
const claimsKept = 24 * time.Hour

// claim takes an address for an instance. Where another exec has it, lock is nil
// and held is that one's instance, or "" for the moment. The claim lasts as long
// as lock is open.
func claim(folder, address, instance string) (lock *file, held string, err error) {
	path := filepath.Join(folder, claimPrefix+address)
	lock, err = open(path, syscall.O_RDWR|syscall.O_CREAT)
	if err != nil {
		return nil, "", err
	}
	switch err := syscall.Flock(lock.fd, syscall.LOCK_EX|syscall.LOCK_NB); err {
	case nil:
	case syscall.EWOULDBLOCK:
		lock.Close()
		content, err := readFile(path)
		return nil, string(content), err
	default:
		lock.Close()
		return nil, "", os.NewSyscallError("flock", err)
	}
	removeClaims(folder)
	syscall.Fchmod(lock.fd, 0o666) // the next one may be another user
	err = syscall.Ftruncate(lock.fd, 0)
	if err == nil {
		_, err = lock.Write([]byte(instance))
	}
	if err != nil {
		lock.Close()
		return nil, "", err
	}
	return lock, instance, nil
}

// removeClaims removes files that nobody has used for long. That it fails costs
// only their room.
func removeClaims(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), claimPrefix) {
			continue
		}
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < claimsKept {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		if lock, err := openRead(path); err == nil {
			if syscall.Flock(lock.fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
				os.Remove(path)
			}
			lock.Close()
		}
	}
}
