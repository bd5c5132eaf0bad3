//go:build linux

package main

import (
	"os"
	"syscall"
	"unsafe"
)

// way carries one direction between two connections without ever waiting.
type way struct {
	from, to int
	block    *[blockSize]byte
	pending  []byte // of block: what was read and is not written yet
	over     bool   // the end has come and was passed on
}

// move passes on what is there, and reports whether there was something. Its
// system calls do not block, so they are made without telling the scheduler.
func (w *way) move() (moved bool, errno syscall.Errno) {
	if len(w.pending) == 0 {
		if w.over {
			return false, 0
		}
		if w.block == nil {
			w.block = blocks.Get().(*[blockSize]byte)
		}
		n, errno := transfer(syscall.SYS_RECVFROM, w.from, w.block[:])
		switch {
		case errno == syscall.EAGAIN || errno == syscall.EINTR:
			return false, 0
		case errno != 0:
			return false, errno
		case n == 0:
			w.over = true
			syscall.Shutdown(w.to, syscall.SHUT_WR)
			return true, 0
		}
		w.pending = w.block[:n]
	}
	n, errno := transfer(syscall.SYS_SENDTO, w.to, w.pending)
	switch {
	case errno == syscall.EAGAIN || errno == syscall.EINTR:
		return false, 0
	case errno != 0:
		return false, errno
	}
	w.pending = w.pending[n:]
	return true, 0
}

func (w *way) free() {
	if w.block != nil {
		blocks.Put(w.block)
	}
}

// transfer receives or sends what can be at once.
func transfer(call uintptr, fd int, block []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(&block[0])), uintptr(len(block)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	return int(n), errno
}

// pollFD is struct pollfd of poll(2).
type pollFD struct {
	fd             int32
	events, passed int16
}

const (
	pollIn  = 1
	pollOut = 4
)

// wait returns when something can be done on one of two ways.
func wait(ways ...*way) error {
	var fds [4]pollFD
	for i, w := range ways {
		in, out := &fds[2*i], &fds[2*i+1]
		in.fd, out.fd = -1, -1
		switch {
		case len(w.pending) > 0:
			out.fd, out.events = int32(w.to), pollOut
		case !w.over:
			in.fd, in.events = int32(w.from), pollIn
		}
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), 0, 0, 0, 0)
	if errno != 0 && errno != syscall.EINTR {
		return os.NewSyscallError("ppoll", errno)
	}
	return nil
}
