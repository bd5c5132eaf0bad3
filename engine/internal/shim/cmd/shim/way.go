//go:build linux

package main

import (
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// way carries one direction between two connections without ever waiting.
type way struct {
	from, to int
	block    *[blockSize]byte
	pending  []byte // of block: what was read and is not written yet
	over     bool   // the end has come and was passed on
	ready    bool   // what wait has found: move can do something
}

// move passes on what is there. Its system calls do not block, so they are made
// without telling the scheduler.
func (w *way) move() syscall.Errno {
	if len(w.pending) == 0 {
		if w.block == nil {
			w.block = blocks.Get().(*[blockSize]byte)
		}
		n, errno := transfer(syscall.SYS_RECVFROM, w.from, w.block[:])
		switch {
		case errno != 0:
			return passing(errno)
		case n == 0:
			w.over = true
			syscall.Shutdown(w.to, syscall.SHUT_WR)
			return 0
		}
		w.pending = w.block[:n]
	}
	n, errno := transfer(syscall.SYS_SENDTO, w.to, w.pending)
	if errno != 0 {
		return passing(errno)
	}
	w.pending = w.pending[n:]
	return 0
}

// passing leaves out what only says that there is nothing to do for now.
func passing(errno syscall.Errno) syscall.Errno {
	if errno == syscall.EAGAIN || errno == syscall.EINTR {
		return 0
	}
	return errno
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

// wait returns when something can be done on some of the ways, and marks those.
func wait(ways ...*way) syscall.Errno {
	var fds [2]pollFD
	for i, w := range ways {
		fds[i] = w.pollFD()
	}
	waiting := fds[:len(ways)]
	errno := look(waiting)
	if errno == syscall.EAGAIN {
		busy.Add(-1)
		_, _, errno = syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&waiting[0])), uintptr(len(waiting)), 0, 0, 0, 0)
		busy.Add(1)
	}
	for i, w := range ways {
		w.ready = errno == 0 && fds[i].passed != 0
	}
	return passing(errno)
}

const (
	// patience is for how long a message is looked for before the thread sleeps. To
	// be woken costs as much as a small query: 10 to 20 us where a processor of a
	// virtual machine has gone to sleep.
	patience = 50 * time.Microsecond
	// crowded is how long one look takes only if others need the processors, too.
	crowded = 500 * time.Microsecond
	// restraint is for how long nobody looks after that.
	restraint = 50 * time.Millisecond
)

var (
	// busy counts the threads that carry a connection and do not sleep.
	busy atomic.Int32
	// restrained is until when nobody looks, in ns of the process's life.
	restrained atomic.Int64
	begin      = time.Now()
)

// look is poll(2) without sleep. It gives up with EAGAIN when patience is over,
// or something else needs the processors.
func look(fds []pollFD) syscall.Errno {
	var none syscall.Timespec
	now := time.Since(begin)
	if now < time.Duration(restrained.Load()) {
		return syscall.EAGAIN
	}
	for end := now + patience; busy.Load() == 1 && now < end; {
		found, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)),
			uintptr(unsafe.Pointer(&none)), 0, 0, 0)
		if found != 0 || errno != 0 {
			return errno
		}
		syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
		before := now
		if now = time.Since(begin); now-before > crowded {
			restrained.Store(int64(now + restraint))
			break
		}
	}
	return syscall.EAGAIN
}

// pollFD is what the way waits for.
func (w *way) pollFD() pollFD {
	switch {
	case len(w.pending) > 0:
		return pollFD{fd: int32(w.to), events: pollOut}
	case w.over:
		return pollFD{fd: -1}
	}
	return pollFD{fd: int32(w.from), events: pollIn}
}
