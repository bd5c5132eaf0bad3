//go:build linux

package main

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// handOverSuffix ends the name of the datagram socket at which the shim of a
// service takes connections over, beside the stream socket of the same port.
const handOverSuffix = ".tcp"

// handOver gives a connection to who receives at socket, as if that had accepted
// it. Here it is closed.
func handOver(conn *net.TCPConn, socket string) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	sender, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer syscall.Close(sender)
	sent := syscall.EINTR
	err = raw.Control(func(fd uintptr) {
		for sent == syscall.EINTR {
			sent, _ = syscall.Sendmsg(sender, []byte{0}, syscall.UnixRights(int(fd)), &syscall.SockaddrUnix{Name: socket}, 0).(syscall.Errno)
		}
	})
	if err == nil && sent != 0 {
		err = os.NewSyscallError("sendmsg", sent)
	}
	if err != nil {
		return err
	}
	return conn.Close()
}

// takeOver returns the next connection that was handed over. It errs with
// errNothingSent where something else has come.
func takeOver(from *net.UnixConn) (*net.TCPConn, error) {
	message, rights := make([]byte, 1), make([]byte, syscall.CmsgSpace(4))
	_, n, _, _, err := from.ReadMsgUnix(message, rights)
	if err != nil {
		return nil, err
	}
	control, err := syscall.ParseSocketControlMessage(rights[:n])
	if err != nil || len(control) != 1 {
		return nil, errNothingSent
	}
	fds, err := syscall.ParseUnixRights(&control[0])
	if err != nil || len(fds) != 1 {
		for _, fd := range fds {
			syscall.Close(fd)
		}
		return nil, errNothingSent
	}
	file := os.NewFile(uintptr(fds[0]), "connection")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		conn.Close()
		return nil, errNothingSent
	}
	return tcp, nil
}

var errNothingSent = errors.New("no connection was sent")
