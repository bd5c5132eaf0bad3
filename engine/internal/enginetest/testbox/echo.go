//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

var echoCommands = map[string]command{
	"echo-server": echoServer,
	"rounds":      rounds,
}

// echoServer sends back what it gets at an address.
func echoServer(args []string) error {
	listener, err := net.Listen("tcp", args[0])
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			_, _ = io.Copy(struct{ io.Writer }{conn}, struct{ io.Reader }{conn})
		}()
	}
}

// rounds sends 64 bytes to an echo server and reads them back, as often as it is
// told, and writes how many nanoseconds that took on average. It waits until the
// server is there.
func rounds(args []string) error {
	conn, err := net.Dial("tcp", args[0])
	for err != nil {
		time.Sleep(time.Millisecond)
		conn, err = net.Dial("tcp", args[0])
	}
	defer conn.Close()
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	message := make([]byte, 64)
	began := time.Now()
	for range n {
		if _, err := conn.Write(message); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			return err
		}
	}
	fmt.Println(time.Since(began).Nanoseconds() / int64(n))
	return nil
}
