package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"dagger.io/dagger"
	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

// hostPort is the port of this machine that --port asks for.
var hostPort int

func runFlags(f *pflag.FlagSet) {
	f.IntVar(&hostPort, "port", 0, "`port` of this machine (default: the application's own, or any where that is taken)")
}

// serves says which applications listen on a port.
func serves(app cli.App) bool { return len(ports[app.Name]) > 0 }

// run runs the application until ctx ends. That the application ends first is an
// error.
func run(ctx context.Context, job *cli.Job) error {
	service, err := server(ctx, job, nil)
	if err != nil {
		return err
	}
	if service, err = service.Start(ctx); err != nil {
		return fmt.Errorf("starting it: %w", err)
	}
	backend := ports[job.App.Name][0]
	frontend := hostPort
	if frontend == 0 {
		if frontend, err = freePort(backend); err != nil {
			return err
		}
	}
	up := make(chan error, 1)
	go func() {
		up <- service.Up(ctx, dagger.ServiceUpOpts{Ports: []dagger.PortForward{{Frontend: frontend, Backend: backend}}})
	}()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(frontend))
	go func() {
		if answers(ctx, address) {
			job.Log.Info(job.App.Name+" is up; Ctrl-C ends it", "url", "http://"+address)
		}
	}()
	err = <-up
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("running it: %w", err)
}

// server is the application's image as a service, next to its database if it
// has one.
func server(ctx context.Context, job *cli.Job, env map[string]string) (*dagger.Service, error) {
	ctr, err := image(ctx, job)
	if err != nil {
		return nil, err
	}
	for name, value := range env {
		ctr = ctr.WithEnvVariable(name, value)
	}
	if database, needed := databases[job.App.Name]; needed {
		bind, err := postgres.New(job.Dag, database).Bind(ctx, "")
		if err != nil {
			return nil, err
		}
		ctr = ctr.With(bind)
	}
	return ctr.AsService(dagger.ContainerAsServiceOpts{UseEntrypoint: true}), nil
}

// freePort returns wanted, or another port where something listens on that.
func freePort(wanted int) (int, error) {
	var err error
	for _, port := range []int{wanted, 0} {
		var listener net.Listener
		if listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			port = listener.Addr().(*net.TCPAddr).Port
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("looking for a free port: %w", err)
}

// answers waits until something accepts connections.
func answers(ctx context.Context, address string) bool {
	var dialer net.Dialer
	for ctx.Err() == nil {
		if conn, err := dialer.DialContext(ctx, "tcp", address); err == nil {
			_ = conn.Close()
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}
