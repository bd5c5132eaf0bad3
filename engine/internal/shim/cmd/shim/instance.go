//go:build linux

package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// lockName is a file in an instance's folder that is locked while the instance
// lives.
const lockName = "lock"

// instance is the folder in which a running service listens.
type instance struct {
	dir  string
	lock *file
}

// instanceDir returns the path of the instance's folder that a variable names.
func instanceDir(variable string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", errors.New("the engine does not say in " + variable + " where it is")
	}
	if !strings.Contains(value, "/") {
		value = filepath.Join(root, protocol.NetName, value)
	}
	return filepath.Clean(value), nil
}

// leaders lead clients to a port: those that have connected to the port's socket,
// and those whose connection, a file descriptor, was handed over.
type leaders struct {
	stream func(client stream, port int)
	handed func(client, port int)
}

// newInstance offers ports to clients in this service's folder. The folder
// appears by rename, with everything in it.
func newInstance(ports []int, lead leaders) (*instance, error) {
	dir, err := instanceDir(protocol.ServiceVariable)
	if err != nil {
		return nil, err
	}
	parent, name := filepath.Split(dir)
	removeDead(parent)
	i := &instance{dir: dir}
	fresh := filepath.Join(parent, "."+name)
	if err := i.fill(fresh, ports, lead); err != nil {
		os.RemoveAll(fresh)
		return nil, err
	}
	if err := os.Rename(fresh, i.dir); err != nil {
		os.RemoveAll(fresh)
		return nil, err
	}
	return i, nil
}

// fill makes the folder. Its modes let clients in, whoever they are.
func (i *instance) fill(dir string, ports []int, lead leaders) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		return err
	}
	lock, err := create(filepath.Join(dir, lockName))
	if err != nil {
		return err
	}
	i.lock = lock
	if err := syscall.Flock(lock.fd, syscall.LOCK_EX); err != nil {
		return os.NewSyscallError("flock", err)
	}
	for _, port := range ports {
		if err := offer(dir, port, lead); err != nil {
			return err
		}
	}
	return nil
}

// offer leads whoever comes to the sockets of a port: connections to one,
// connections handed over to the other.
func offer(dir string, port int, lead leaders) error {
	stream := filepath.Join(dir, strconv.Itoa(port))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: stream, Net: "unix"})
	if err != nil {
		return err
	}
	listener.SetUnlinkOnClose(false) // it will have another name then
	hand := stream + handOverSuffix
	taker, err := listenForHandOver(hand)
	if err != nil {
		return err
	}
	for _, socket := range []string{stream, hand} {
		if err := os.Chmod(socket, 0o777); err != nil {
			return err
		}
	}
	go accept(listener.AcceptUnix, func(client *net.UnixConn) { lead.stream(client, port) })
	go takeOver(taker, func(client int) { lead.handed(client, port) })
	return nil
}

// leadHere connects a client with a port of this container.
func leadHere(client stream, port int) {
	service, err := dial(port)
	if err != nil {
		abort(client)
		return
	}
	carry(client, service)
}

// remove takes the folder away; new clients find nobody.
func (i *instance) remove() { os.RemoveAll(i.dir) }

// removeDead removes what services left that were killed together with their
// shims. That it fails costs only the room.
func removeDead(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, entry := range entries {
		dir := filepath.Join(parent, entry.Name())
		if strings.HasPrefix(entry.Name(), ".") || !entry.IsDir() {
			continue
		}
		lock, err := openRead(filepath.Join(dir, lockName))
		if err != nil {
			continue
		}
		if syscall.Flock(lock.fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.RemoveAll(dir)
		}
		lock.Close()
	}
}
