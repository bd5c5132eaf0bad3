//go:build linux

package main

import (
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxDirect is how many connections are carried by threads of their own at the
	// same time. More are left to the runtime's poller.
	maxDirect = 512
	// carriers is the runtime's number of processors while connections are carried.
	// A thread that comes back from a system call needs one; where all are taken it
	// has to wait.
	carriers = 32
	// spinTime is how long a connection's thread goes on looking for more after
	// something has come, before it goes to sleep: waking up takes longer than many
	// an answer. It lets others run between two looks.
	spinTime = 50 * time.Microsecond
)

var (
	direct       atomic.Int32
	moreCarriers = sync.OnceFunc(func() { runtime.GOMAXPROCS(max(carriers, runtime.NumCPU())) })

	// spinning counts the threads that look for more. No more than half of the
	// processors are given to that.
	spinning    atomic.Int32
	maxSpinning = int32(runtime.NumCPU() / 2)

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
	var spin spinner
	for {
		moved, err := there.move()
		again, err2 := back.move()
		switch {
		case err != 0 || err2 != 0:
			spin.end()
			return false
		case there.over && back.over:
			spin.end()
			return true
		case moved || again:
			spin.end()
		case !spin.more():
			if wait(there, back) != nil {
				return false
			}
		}
	}
}

// spinner is a thread's looking for more.
type spinner struct {
	on    bool
	until time.Time
}

// more reports whether to look again at once. It lets others run first.
func (s *spinner) more() bool {
	if !s.on {
		if spinning.Add(1) > maxSpinning {
			spinning.Add(-1)
			return false
		}
		s.on, s.until = true, time.Now().Add(spinTime)
	}
	if !time.Now().Before(s.until) {
		s.end()
		return false
	}
	syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
	return true
}

// end lets others spin.
func (s *spinner) end() {
	if s.on {
		s.on = false
		spinning.Add(-1)
	}
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
