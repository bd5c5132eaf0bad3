package buildkit

import (
	"context"
	"errors"
	"fmt"

	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
)

// Terminal runs a command on the terminal, beside the service's own in its
// container, until it ends: a shell where there is none. The service is started
// unless it runs, and goes on.
func (s *Service) Terminal(ctx context.Context, command []string) error {
	if err := s.session.options.Terminal.Check(); err != nil {
		return err
	}
	inst := s.current()
	if _, err := s.await(ctx, inst); err != nil {
		return err
	}
	return s.session.options.Terminal.Use(ctx, func(ctx context.Context, tty *terminal.TTY) error {
		tty.Say(opened(s.exec.op, command))
		if len(command) == 0 {
			command = []string{fallbackShell}
		}
		err := s.exec.beside(ctx, inst.ctr, tty, command)
		var missing *notOnTerminalError
		if errors.As(err, &missing) && missing.status == protocol.StatusNotFound {
			return fmt.Errorf("%w: name a command that the service's container has", err)
		}
		return err
	})
}

// beside runs command in a container in which the exec runs already. What it has
// bound is there.
func (e *execDef) beside(ctx context.Context, ctr gateway.Container, tty *terminal.TTY, command []string) error {
	args := protocol.TerminalArgs(protocol.Spec{}, command...)
	return e.inContainer(ctx, ctr, tty, args)
}
