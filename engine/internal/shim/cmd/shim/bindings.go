//go:build linux

package main

import (
	"errors"
	"net"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// takenPatience is how long an address may be taken by somebody who does not
// answer there.
const takenPatience = 2 * time.Second

// bind makes the services answer at their addresses until the shim ends.
func bind(services []protocol.Service) error {
	for _, service := range services {
		if err := bindOne(service); err != nil {
			return errors.New("binding the service at " + service.Address + ": " + err.Error())
		}
	}
	return nil
}

func bindOne(service protocol.Service) error {
	dir, err := instanceDir(service.Variable)
	if err != nil {
		return err
	}
	ip := net.ParseIP(service.Address)
	if ip == nil || !ip.IsLoopback() {
		return errors.New("this is no address of the loopback interface")
	}
	for _, port := range service.Ports {
		b := &binding{
			address: &net.TCPAddr{IP: ip, Port: port},
			socket:  filepath.Join(dir, strconv.Itoa(port)+handOverSuffix),
		}
		if err := b.open(); err != nil {
			return err
		}
	}
	return nil
}

// binding leads from an address here to a port of a service elsewhere.
type binding struct {
	address *net.TCPAddr
	socket  string
}

// open starts to listen. Execs on the host's network may want the same address:
// one of them has it, and it leads the others to the service as well until
// their turn comes.
func (b *binding) open() error {
	for since, pause := time.Now(), firstPause; ; pause = longer(pause) {
		listener, err := net.ListenTCP("tcp", b.address)
		if err == nil {
			go b.serve(listener)
			return nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		if answers(b.address) {
			go b.replace()
			return nil
		}
		if time.Since(since) > takenPatience {
			return err
		}
		time.Sleep(pause)
	}
}

// replace listens as soon as the address is free.
func (b *binding) replace() {
	for pause := firstPause; ; pause = longer(pause) {
		if listener, err := net.ListenTCP("tcp", b.address); err == nil {
			b.serve(listener)
			return
		}
		time.Sleep(pause)
	}
}

// serve hands each connection over to the shim of the service: it can reach the
// service's port, and one program between client and service is enough.
func (b *binding) serve(listener *net.TCPListener) {
	file, err := listener.File() // blocks: waking up through the poller takes longer
	listener.Close()
	if err != nil {
		return
	}
	defer file.Close()
	giver, err := newGiver(b.socket)
	if err != nil {
		return
	}
	for {
		client, _, err := syscall.Accept4(int(file.Fd()), syscall.SOCK_CLOEXEC)
		if err == nil && giver.give(client) == nil {
			syscall.Close(client)
		} else if err == nil {
			resetFD(client)
		} else if err != syscall.EINTR && err != syscall.ECONNABORTED {
			time.Sleep(firstPause) // too many open files, which passes
		}
	}
}
