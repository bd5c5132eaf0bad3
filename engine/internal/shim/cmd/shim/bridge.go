//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// spareUplinks is how many uplinks wait for connections: opening one takes longer
// than anything that happens on it.
const spareUplinks = 4

// runBridge leads connections between containers and the client's machine until
// it is told to end, and returns the exit status.
func runBridge(arg string) int {
	j, status := prepare(arg)
	if j == nil {
		return status
	}
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	end, err := openBridge(j.spec.Listen)
	if err != nil {
		return refuse(errors.New("leading connections to the client's machine: " + err.Error()))
	}
	defer end()
	os.Stderr.WriteString(protocol.MarkerReady + "\n")
	<-ends
	return 0
}

// openBridge starts to lead connections, and returns what ends that.
func openBridge(ports []int) (end func(), err error) {
	first, err := dialUplink() // whether it can be done
	if err != nil {
		return nil, err
	}
	if len(ports) == 0 {
		dir, err := instanceDir(protocol.UplinkVariable)
		if err != nil {
			return nil, err
		}
		go leadIn(dir, first)
		for range spareUplinks - 1 {
			go leadIn(dir, nil)
		}
		return func() {}, nil
	}
	spare := make(chan *net.UnixConn, spareUplinks-1)
	spare <- first
	go func() {
		for {
			spare <- patientUplink()
		}
	}()
	lead := func(client stream, port int) { leadOut(client, port, <-spare) }
	instance, err := newInstance(ports, leaders{stream: lead, handed: asConn(lead)})
	if err != nil {
		return nil, err
	}
	return instance.remove, nil
}

func dialUplink() (*net.UnixConn, error) {
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(root, protocol.UplinkName), Net: "unix"})
}

func patientUplink() *net.UnixConn {
	for {
		if conn, err := dialUplink(); err == nil {
			return conn
		}
		time.Sleep(lastPause)
	}
}

// leadOut connects a client in a container with a port of the client's machine.
func leadOut(client stream, port int, uplink *net.UnixConn) {
	if _, err := uplink.Write(binary.BigEndian.AppendUint16(nil, uint16(port))); err != nil {
		abort(client, uplink)
		return
	}
	carryFrames(uplink, client)
}

// leadIn waits for connections on uplinks, one at a time, and connects each with
// the port of the service in dir that it names.
func leadIn(dir string, uplink *net.UnixConn) {
	for {
		if uplink == nil {
			uplink = patientUplink()
		}
		header, err := newFrames(uplink).next()
		if err != nil || len(header) != protocol.PortHeader {
			uplink.Close()
			time.Sleep(firstPause)
		} else {
			go leadTo(dir, int(binary.BigEndian.Uint16(header)), uplink)
		}
		uplink = nil
	}
}

func leadTo(dir string, port int, uplink *net.UnixConn) {
	socket := filepath.Join(dir, strconv.Itoa(port))
	service, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		abort(uplink)
		return
	}
	carryFrames(uplink, service)
}
