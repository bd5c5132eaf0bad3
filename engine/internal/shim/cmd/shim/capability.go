//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// netBindService is CAP_NET_BIND_SERVICE of capabilities(7): the right to listen
// on ports below 1024.
const netBindService = 1 << 10

// mayBind lets whoever runs the program at path listen on any port, where the
// daemon can give it that right. The program has to take it up; the command does
// not inherit it.
func mayBind(path string) {
	const revision2 = 0x02000000 // of struct vfs_cap_data, without the flag that makes it effective
	attribute := binary.LittleEndian.AppendUint32(nil, revision2)
	attribute = binary.LittleEndian.AppendUint32(attribute, netBindService) // permitted
	attribute = append(attribute, make([]byte, 12)...)
	_ = syscall.Setxattr(path, "security.capability", attribute, 0) // execs by root do without
}

// listenTCP listens on any port that it has the right to.
func listenTCP(address *net.TCPAddr) (*net.TCPListener, error) {
	listener, err := net.ListenTCP("tcp", address)
	if !errors.Is(err, syscall.EACCES) {
		return listener, err
	}
	// Capabilities are a thread's. This one ends with its goroutine.
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err = raiseBind(); err == nil {
			listener, err = net.ListenTCP("tcp", address)
		}
	}()
	<-done
	if err != nil {
		return nil, errors.New("the exec's user may not listen on port " + strconv.Itoa(address.Port) +
			" here: run the exec as root, or expose a port from 1024 on")
	}
	return listener, nil
}

// raiseBind makes the right to listen effective for this thread.
func raiseBind() error {
	header := struct {
		version uint32
		pid     int32
	}{version: 0x20080522} // _LINUX_CAPABILITY_VERSION_3
	type capabilities struct{ effective, permitted, inheritable uint32 }
	data := [2]capabilities{{effective: netBindService, permitted: netBindService}}
	_, _, errno := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
