//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// startPatience bounds how long buildkitd may take to answer; opening a large
// cache after a crash is what takes long.
const startPatience = 2 * time.Minute

// waitReady returns when buildkitd serves requests. It listens well before that,
// so being able to connect says too little: what counts is its half of the HTTP/2
// opening.
func waitReady(socket string, ended <-chan struct{}) error {
	deadline := time.Now().Add(startPatience)
	for {
		select {
		case <-ended:
			return errors.New("buildkitd ended while starting")
		default:
		}
		err := greet(socket)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("buildkitd did not answer within %s: %w", startPatience, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// greet does the opening and waits for the other side's SETTINGS frame.
func greet(socket string) error {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	const emptySettings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+emptySettings); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, len(emptySettings)))
	return err
}
