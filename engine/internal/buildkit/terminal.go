package buildkit

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
)

// Terminal runs an exec, whose state run is, on the terminal, instead of
// evaluating it: command, or a shell where there is none. What it changes is
// thrown away, and its exit code does not matter. Several wait for each other.
func (s *Session) Terminal(ctx context.Context, run llb.State, platform ocispecs.Platform, command []string) error {
	if err := s.options.Terminal.Check(); err != nil {
		return err
	}
	def, err := s.define(ctx, run, platform)
	if err != nil {
		return fmt.Errorf("describing the terminal: %w", err)
	}
	exec, err := parseExec(def)
	if err != nil {
		return fmt.Errorf("describing the terminal: %w", err)
	}
	return s.withShims(ctx, def, func() error {
		return s.pinned(ctx, def, func(ctx context.Context, gw gateway.Client) error {
			known, err := exec.solved(ctx, s, gw) // while progress can still be seen
			if err != nil {
				return s.failure(ctx, gw, err)
			}
			return s.options.Terminal.Use(ctx, func(ctx context.Context, tty *terminal.TTY) error {
				tty.Say(opened(exec.op, command))
				return s.interact(ctx, gw, tty, known, command)
			})
		})
	})
}

// opened says where a terminal is.
func opened(op *pb.ExecOp, command []string) string {
	what := "a shell"
	if len(command) > 0 {
		what = fmt.Sprintf("%q", command)
	}
	return fmt.Sprintf("\n--- %s in a container, %s; the run goes on when it ends\n", what, place(op))
}

// place says where and as whom an exec runs.
func place(op *pb.ExecOp) string {
	user := op.Meta.User
	if user == "" {
		user = "root"
	}
	return fmt.Sprintf("in %s as %s", path.Join("/", op.Meta.Cwd), user)
}

// fallbackShell is the command of terminals for which nobody has named one.
const fallbackShell = "sh"

// interact runs command in a container of exec until it ends. Without a command
// that is the container's shell, or one that is brought along.
func (s *Session) interact(ctx context.Context, gw gateway.Client, tty *terminal.TTY, exec *execDef, command []string) error {
	if len(command) > 0 {
		return exec.onTerminal(ctx, gw, tty, command)
	}
	err := exec.onTerminal(ctx, gw, tty, []string{fallbackShell})
	var missing *notOnTerminalError
	if !errors.As(err, &missing) || missing.status != protocol.StatusNotFound {
		return err
	}
	tty.Say("--- the container has no shell: BusyBox comes along\n")
	tools, err := s.shellTools(ctx, gw, exec.platform)
	if err != nil {
		return fmt.Errorf("bringing a shell along: %w", err)
	}
	return exec.withTools(tools).onTerminal(ctx, gw, tty, []string{path.Join(protocol.ShellDir, fallbackShell)})
}

// notOnTerminalError says that a command could not be started on the terminal.
type notOnTerminalError struct {
	status int // as a shell has them
	reason string
}

func (e *notOnTerminalError) Error() string { return "opening a terminal: " + e.reason }
