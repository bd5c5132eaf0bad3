//go:build linux

package main

import (
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	// maxDirect is how many connections are carried by threads of their own at the
	// same time. More are left to the runtime's poller.
	maxDirect = 512
	// carriers is the runtime's number of processors while connections are carried.
	// A thread that comes back from a system call needs one; where all are taken it
	// has to wait.
	carriers = 32
)

var (
	direct       atomic.Int32
	moreCarriers = sync.OnceFunc(func() { runtime.GOMAXPROCS(max(carriers, runtime.NumCPU())) })

	blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}
)

// leadDirect connects a client with a port of this container, by one thread for
// both directions. It owns the client's connection.
func leadDirect(client, port int) {
	moreCarriers()
	defer direct.Add(-1)
	if direct.Add(1) > maxDirect {
		asConn(leadHere)(client, port)
		return
	}
	service, err := connect(port)
	if err != nil {
		resetFD(client)
		return
	}
	there, back := way{from: client, to: service}, way{from: service, to: client}
	if carryDirect(&there, &back) {
		syscall.Close(client)
		syscall.Close(service)
	} else {
		resetFD(client)
		resetFD(service)
	}
}

// carryDirect is carry for two ways between the same connections, and reports
// whether both have come to their end.
func carryDirect(there, back *way) bool {
	defer there.free()
	defer back.free()
	busy.Add(1)
	defer busy.Add(-1)
	for !there.over || !back.over {
		err := wait(there, back)
		for _, w := range []*way{there, back} {
			if err == 0 && w.ready {
				err = w.move()
			}
		}
		if err != 0 {
			return false
		}
	}
	return true
}

// resetFD closes a connection so that its peer sees a reset.
func resetFD(fd int) {
	syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
	syscall.Close(fd)
}

// connect is dial for a file descriptor.
func connect(port int) (int, error) {
	fd, err := connectTo(syscall.AF_INET, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if err == nil {
		return fd, nil
	}
	loopback := syscall.SockaddrInet6{Port: port}
	copy(loopback.Addr[:], net.IPv6loopback)
	if fd, again := connectTo(syscall.AF_INET6, &loopback); again == nil {
		return fd, nil
	}
	return -1, err
}

func connectTo(family int, address syscall.Sockaddr) (int, error) {
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	if err == nil {
		err = syscall.Connect(fd, address) // on the loopback that is done at once
	}
	if err != nil {
		syscall.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}
