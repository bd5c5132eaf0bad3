//go:build linux

package main

import (
	"errors"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// removeBridge takes the bridge down and deletes it, whatever is still connected.
// A bridge that is not there is no error.
func removeBridge(name string) error {
	if _, err := net.InterfaceByName(name); err != nil {
		return nil
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer syscall.Close(fd)
	// struct ifreq: the name, then a union whose first member here are the flags,
	// all zero, which takes the interface down.
	var ifreq struct {
		name [syscall.IFNAMSIZ]byte
		data [24]byte
	}
	copy(ifreq.name[:syscall.IFNAMSIZ-1], name)
	if err := ioctl(fd, syscall.SIOCSIFFLAGS, unsafe.Pointer(&ifreq)); err != nil && !errors.Is(err, syscall.ENODEV) {
		return os.NewSyscallError("SIOCSIFFLAGS", err)
	}
	const siocbrdelbr = 0x89a1 // linux/sockios.h
	if err := ioctl(fd, siocbrdelbr, unsafe.Pointer(&ifreq.name)); err != nil && !errors.Is(err, syscall.ENXIO) {
		return os.NewSyscallError("SIOCBRDELBR", err)
	}
	return nil
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
