//go:build linux

package main

import (
	"bufio"
	"io"
	"net"
	"os"

	"github.com/bodkin-ci/bodkin/engine/internal/volumes/carrier/wire"
)

// meet says where the client may come to, and returns what it chooses to talk over:
// a connection there, which only a client on the same machine can make, or the
// standard input and output.
func meet() (io.Reader, io.Writer) {
	stdin := bufio.NewReader(os.Stdin)
	place := wire.MeetingPlace
	listener, err := net.Listen("unix", place)
	if err != nil {
		place = ""
	}
	if wire.NewWriter(os.Stdout).Frame(wire.KindHello, []byte(place)) != nil || place == "" {
		return stdin, os.Stdout
	}
	came, spoke := make(chan net.Conn, 1), make(chan struct{})
	go func() {
		if conn, err := listener.Accept(); err == nil {
			came <- conn
		}
	}()
	go func() {
		_, _ = stdin.Peek(1) // its error is met again
		close(spoke)
	}()
	select {
	case conn := <-came:
		return conn, conn
	case <-spoke:
		return stdin, os.Stdout
	}
}
