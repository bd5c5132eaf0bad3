//go:build linux

package main

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// blockSize is how much is read from a pipe at once, in bytes.
const blockSize = 64 << 10

// pipe carries one stream of the command, or the news that it has ended.
type pipe struct{ read, write int }

// pipes are the command's streams as the shim sees them.
type pipes struct {
	stdout, stderr, ended pipe
	epoll                 int
	open                  int // streams that may still bring something
	buf                   []byte
	checked               atomic.Pointer[string] // what a failed health check has written
}

func newPipes() (*pipes, error) {
	p := &pipes{open: 2, buf: make([]byte, blockSize)}
	var err error
	if p.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	for _, each := range []*pipe{&p.stdout, &p.stderr, &p.ended} {
		var fds [2]int
		if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
			return nil, os.NewSyscallError("pipe2", err)
		}
		each.read, each.write = fds[0], fds[1]
		if err := syscall.SetNonblock(each.read, true); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
		event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(each.read)}
		if err := syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, each.read, &event); err != nil {
			return nil, os.NewSyscallError("epoll_ctl", err)
		}
	}
	return p, nil
}

// close gives everything but the write ends back.
func (p *pipes) close() {
	for _, fd := range []int{p.stdout.read, p.stderr.read, p.epoll} {
		syscall.Close(fd)
	}
}

// closeWrite gives up the ends that the command writes to.
func (p *pipes) closeWrite() {
	syscall.Close(p.stdout.write)
	syscall.Close(p.stderr.write)
}

// What is announced of a service's health. Exit codes are not negative.
const (
	announceReady = -1 - iota
	announceUnready
	announceUnhealthy
)

// announce makes wait report that the command has ended, or how a service is.
func (p *pipes) announce(code int) {
	var message [4]byte
	binary.LittleEndian.PutUint32(message[:], uint32(code))
	syscall.Write(p.ended.write, message[:])
}

// announced returns the code that announce was called with.
func (p *pipes) announced() int {
	var message [4]byte
	syscall.Read(p.ended.read, message[:])
	return int(int32(binary.LittleEndian.Uint32(message[:])))
}

// wait returns the pipes that have become readable, in that order, and none
// when the time is up. A zero deadline waits for ever.
func (p *pipes) wait(deadline time.Time) ([]int, error) {
	timeout := -1
	if !deadline.IsZero() {
		timeout = int(max(0, time.Until(deadline)+time.Millisecond-1) / time.Millisecond)
	}
	var events [3]syscall.EpollEvent
	n, err := syscall.EpollWait(p.epoll, events[:], timeout)
	if err == syscall.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	var ready []int
	for _, event := range events[:n] {
		ready = append(ready, int(event.Fd))
	}
	return ready, nil
}

// read returns one block of what has come through a stream: nothing when it is
// at its end, and then wait does not report it again.
func (p *pipes) read(fd int) ([]byte, error) {
	for {
		n, err := syscall.Read(fd, p.buf)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return nil, os.NewSyscallError("read", err)
		case n == 0:
			p.open--
			return nil, os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_DEL, fd, nil))
		default:
			return p.buf[:n], nil
		}
	}
}
