//go:build linux

package main

import (
	"errors"
	"io"
	"net"
	"time"
)

const (
	firstPause = 10 * time.Millisecond
	lastPause  = 100 * time.Millisecond
	// firstTry is the first pause where somebody waits for a service.
	firstTry = 2 * time.Millisecond
)

// longer returns how long to wait after a wait of pause was not enough.
func longer(pause time.Duration) time.Duration { return min(pause*5/4, lastPause) }

// stream is a connection of which each direction ends by itself: a
// *net.TCPConn or a *net.UnixConn.
type stream interface {
	net.Conn
	CloseWrite() error
}

// accept gives every connection to handle, in a goroutine of its own, until the
// listener is closed. Other errors (too many open files) pass.
func accept[C stream](next func() (C, error), handle func(C)) {
	for {
		conn, err := next()
		switch {
		case err == nil:
			go handle(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(firstPause)
		}
	}
}

// carry passes on what comes through a and b to the other one until both
// directions have ended, and closes them. The end of one direction leaves the
// other alone; an error ends both.
func carry(a, b stream) {
	done := make(chan struct{})
	go func() {
		pass(a, b)
		close(done)
	}()
	pass(b, a)
	<-done
	a.Close()
	b.Close()
}

// pass carries one direction. Between TCP and Unix sockets, io.Copy lets the
// kernel move the bytes: splice(2).
func pass(to, from stream) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		abort(to, from)
	}
}

// abort closes connections at once; the peer of a TCP connection sees a reset.
func abort(streams ...stream) {
	for _, s := range streams {
		if tcp, ok := s.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		s.Close()
	}
}
