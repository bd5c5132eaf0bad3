//go:build linux

package main

import (
	"errors"
	"net"
	"slices"
	"time"
)

// runServe runs command as a service, as arg describes it, and returns the
// shim's exit status: the command's.
func runServe(arg string, command []string) int {
	j, status := prepare(arg)
	if j == nil {
		return status
	}
	instance, err := newInstance(j.spec.Listen, leaders{stream: leadHere, handed: leadDirect})
	if err != nil {
		return refuse(errors.New("offering the service: " + err.Error()))
	}
	defer instance.remove()
	rec := newLive(j.secrets)
	code, err := rec.run(j, command, func(child *process, p *pipes) {
		if j.spec.Check != nil {
			go newHealth(j, child, p).await()
			return
		}
		go func() {
			awaitPorts(j.spec.Listen, j.spec.SkipCheck)
			p.announce(announceReady)
		}()
	})
	if err != nil {
		return refuse(err)
	}
	rec.stdout.flush()
	rec.stderr.flush()
	return code
}

// awaitPorts returns when all ports but those to skip answer.
func awaitPorts(ports, skip []int) {
	pause := firstTry
	for _, port := range ports {
		for !slices.Contains(skip, port) && !listening(port) {
			time.Sleep(pause)
			pause = longer(pause)
		}
	}
}

func listening(port int) bool {
	conn, err := dial(port)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// dial connects to a port of this container.
func dial(port int) (*net.TCPConn, error) {
	conn, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err == nil {
		return conn, nil
	}
	if conn, again := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.IPv6loopback, Port: port}); again == nil {
		return conn, nil
	}
	return nil, err
}
