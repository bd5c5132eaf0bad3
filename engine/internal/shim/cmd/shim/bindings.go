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

// takenPatience is how long an address may be taken by somebody else.
const takenPatience = 2 * time.Second

// bind makes the services answer at their addresses until the shim ends. shared
// says that other execs have the same network.
func bind(services []protocol.Service, shared bool) error {
	for _, service := range services {
		if err := bindOne(service, shared); err != nil {
			return errors.New("binding the service at " + service.Address + ": " + err.Error())
		}
	}
	return nil
}

func bindOne(service protocol.Service, shared bool) error {
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
			shared:  shared,
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
	shared  bool // other execs may want the address
}

// open starts to listen. Execs in one network may want the same address: those
// that use the same instance of a service share it, others wait for their turn.
func (b *binding) open() error {
	told := false
	for since, pause := time.Now(), firstPause; ; pause = longer(pause) {
		listener, held, err := b.claim()
		switch {
		case err == nil && listener != nil:
			go b.serve(listener)
			return nil
		case err == nil && held == b.instance():
			go b.replace()
			return nil
		case err == nil && held != "" && !told:
			told = true
			say(protocol.MarkerWaiting, errors.New("another run has "+b.address.String()+" until it is done"))
		case err == nil:
		case !errors.Is(err, syscall.EADDRINUSE):
			return err
		case time.Since(since) > takenPatience:
			return errors.New("port " + strconv.Itoa(b.address.Port) + " is taken by a program that listens on all addresses of the network" +
				" that execs of this engine share: stop it, or use an engine whose execs have networks of their own")
		}
		time.Sleep(pause)
	}
}

// replace listens as soon as the address is free.
func (b *binding) replace() {
	for pause := firstPause; ; pause = longer(pause) {
		if listener, _, err := b.claim(); err == nil && listener != nil {
			b.serve(listener)
			return
		}
		time.Sleep(pause)
	}
}

// claim listens, unless another exec of Bodkin's does: then held is the instance
// to which that one leads.
func (b *binding) claim() (listener *net.TCPListener, held string, err error) {
	if b.shared {
		lock, held, err := claim(filepath.Dir(filepath.Dir(b.socket)), b.address.String(), b.instance())
		if lock == nil || err != nil {
			return nil, held, err
		}
		defer func() {
			if listener == nil {
				lock.Close()
			}
		}()
	}
	listener, err = listenTCP(b.address)
	return listener, "", err
}

// instance names the instance that the binding leads to.
func (b *binding) instance() string { return filepath.Base(filepath.Dir(b.socket)) }

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
