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

// giver hands connections over to who receives at a socket, as if that had
// accepted them.
type giver struct {
	fd int
	to syscall.SockaddrUnix
}

func newGiver(socket string) (*giver, error) {
	fd, err := datagrams()
	return &giver{fd, syscall.SockaddrUnix{Name: socket}}, err
}

func datagrams() (int, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	return fd, os.NewSyscallError("socket", err)
}

// give hands a connection over. It stays open here.
func (g *giver) give(conn int) error {
	_, err := retry(func() (int, error) {
		return 0, syscall.Sendmsg(g.fd, []byte{0}, syscall.UnixRights(conn), &g.to, 0)
	})
	return os.NewSyscallError("sendmsg", err)
}

// listenForHandOver returns what takeOver takes connections from.
func listenForHandOver(socket string) (int, error) {
	fd, err := datagrams()
	if err != nil {
		return -1, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: socket}); err != nil {
		syscall.Close(fd)
		return -1, os.NewSyscallError("bind", err)
	}
	return fd, nil
}

// takeOver gives every connection that is handed over to take, in a goroutine of
// its own. Other messages are dropped.
func takeOver(from int, take func(conn int)) {
	message, rights := make([]byte, 1), make([]byte, syscall.CmsgSpace(4))
	for {
		n := 0
		_, err := retry(func() (_ int, err error) {
			_, n, _, _, err = syscall.Recvmsg(from, message, rights, syscall.MSG_CMSG_CLOEXEC)
			return 0, err
		})
		if err != nil {
			return
		}
		if conn := sent(rights[:n]); conn >= 0 {
			go take(conn)
		}
	}
}

// sent returns the file descriptor that came with a message, -1 for none.
func sent(rights []byte) int {
	control, err := syscall.ParseSocketControlMessage(rights)
	if err != nil || len(control) != 1 {
		return -1
	}
	fds, err := syscall.ParseUnixRights(&control[0])
	if err != nil || len(fds) != 1 {
		return -1
	}
	return fds[0]
}

var errNoTCP = errors.New("what was handed over is no TCP connection")

// connOf makes a connection of a file descriptor, which it owns.
func connOf(fd int) (*net.TCPConn, error) {
	file := os.NewFile(uintptr(fd), "connection")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		conn.Close()
		return nil, errNoTCP
	}
	return tcp, nil
}

// asConn makes lead take file descriptors.
func asConn(lead func(client stream, port int)) func(client, port int) {
	return func(client, port int) {
		if conn, err := connOf(client); err == nil {
			lead(conn, port)
		}
	}
}

// retry calls f until no signal has interrupted it.
func retry(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
