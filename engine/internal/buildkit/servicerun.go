package buildkit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"syscall"
	"time"

	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// defaultPatience is that of Options.ServicePatience.
const defaultPatience = 60 * time.Second

// stopPatience is how long a service may take to end once it was asked to.
const stopPatience = 10 * time.Second

// run is an instance from its start to its end.
func (s *Service) run(inst *instance) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	arch := s.exec.platform.GetArchitecture()
	if err := s.session.shims.ready(ctx, arch); err != nil {
		return err
	}
	if err := s.session.volumes.ready(ctx, s.volumes); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, inst)
		if err == nil || !inst.log.lackedShim() || attempt > maxShimInstalls {
			return err
		}
		if err := s.session.shims.install(ctx, arch); err != nil {
			return err
		}
	}
}

func (s *Service) attempt(ctx context.Context, inst *instance) error {
	var result error
	err := s.session.Gateway(ctx, func(ctx context.Context, gw gateway.Client) error {
		result = s.runIn(ctx, gw, inst)
		return nil
	})
	return errors.Join(result, err)
}

func (s *Service) runIn(ctx context.Context, gw gateway.Client, inst *instance) error {
	exec, err := s.exec.solved(ctx, s.session, gw)
	if err != nil {
		return explain(ctx, gw, err)
	}
	ctr, err := exec.container(ctx, gw, s.network())
	if err != nil {
		return clean(err)
	}
	defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
	req := s.exec.start(protocol.ServiceVariable + "=" + path.Join(protocol.NetDir, inst.dir))
	req.Stdout, req.Stderr = inst.log.stdout(), inst.log.stderr()
	proc, err := ctr.Start(ctx, req)
	if err != nil {
		return clean(err)
	}
	inst.ctr = ctr
	exited := make(chan error, 1)
	go func() { exited <- proc.Wait() }()
	patience := time.NewTimer(s.patience())
	defer patience.Stop()
	ready, tooLate := inst.ready, patience.C
	for {
		select {
		case err := <-exited:
			return exitReason(err)
		case request := <-inst.stop:
			stopProcess(ctx, proc, exited, inst.stop, request)
			return nil
		case <-ready:
			ready, tooLate = nil, nil
		case <-inst.unhealthy:
			stopProcess(ctx, proc, exited, inst.stop, stopRequest{})
			return errors.New("it is unhealthy")
		case <-tooLate:
			stopProcess(ctx, proc, exited, inst.stop, stopRequest{})
			return s.neverReady()
		}
	}
}

// neverReady says what nobody has seen.
func (s *Service) neverReady() error {
	if s.Checked {
		return fmt.Errorf("its health check did not succeed within %s", s.patience())
	}
	return fmt.Errorf("its ports %v did not answer within %s", s.Ports, s.patience())
}

// patience is how long the service may take until it is ready.
func (s *Service) patience() time.Duration {
	return cmp.Or(s.session.options.ServicePatience, defaultPatience) + s.StartPeriod
}

// stopProcess asks a process to end, and makes it end if it does not.
func stopProcess(ctx context.Context, proc gateway.ContainerProcess, exited <-chan error, more <-chan stopRequest, request stopRequest) {
	patience := time.NewTimer(stopPatience)
	defer patience.Stop()
	if !request.kill {
		_ = proc.Signal(ctx, syscall.SIGTERM)
		select {
		case <-exited:
			return
		case <-patience.C:
		case <-more:
		}
	}
	_ = proc.Signal(ctx, syscall.SIGKILL)
	<-exited
}

// exitReason says how a service that nobody has stopped came to its end.
func exitReason(err error) error {
	if err == nil {
		return errors.New("its command ended with exit code 0")
	}
	return clean(err)
}
