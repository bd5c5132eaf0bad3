package api

import (
	"context"
	"errors"

	graphql "github.com/graph-gophers/graphql-go"

	"github.com/bodkin-ci/bodkin/engine/internal/core"
)

type terminalArgs struct {
	Cmd                           []string
	InsecureRootCapabilities      bool
	ExperimentalPrivilegedNesting bool
}

func (a terminalArgs) options(field string) (core.TerminalOptions, error) {
	if a.ExperimentalPrivilegedNesting {
		return core.TerminalOptions{}, notServed("Option experimentalPrivilegedNesting of " + field)
	}
	return core.TerminalOptions{Cmd: a.Cmd, Insecure: a.InsecureRootCapabilities}, nil
}

// Terminal runs a command of the container on the terminal of this process and
// returns the container as it was.
func (c *Container) Terminal(ctx context.Context, args terminalArgs) (*Container, error) {
	o, err := args.options("Container.terminal")
	if err != nil {
		return nil, err
	}
	return c, wrap(c.v.Terminal(ctx, c.srv.session, o))
}

// WithDefaultTerminalCmd sets what terminals run that do not name a command.
func (c *Container) WithDefaultTerminalCmd(args struct {
	Args                          []string
	InsecureRootCapabilities      bool
	ExperimentalPrivilegedNesting bool
}) (*Container, error) {
	o, err := terminalArgs{args.Args, args.InsecureRootCapabilities, args.ExperimentalPrivilegedNesting}.options("Container.withDefaultTerminalCmd")
	if err != nil {
		return nil, err
	}
	return c.with("withDefaultTerminalCmd", args, c.v.WithDefaultTerminal(o)), nil
}

// Terminal runs a command on the terminal of this process, in a container that
// has the directory mounted, and returns the directory as it was.
func (d *Directory) Terminal(ctx context.Context, args struct {
	terminalArgs
	Container graphql.ID
}) (*Directory, error) {
	o, err := args.options("Directory.terminal")
	if err != nil {
		return nil, err
	}
	ctr := core.NewContainer(d.srv.session.Platform())
	if args.Container != "" {
		given, err := load[*Container](d.srv, args.Container)
		if err != nil {
			return nil, err
		}
		ctr = given.v
	}
	return d, wrap(d.v.Terminal(ctx, d.srv.session, ctr, o))
}

// Terminal runs a command on the terminal of this process in the container of the
// service, which is started unless it runs, and returns the service.
func (s *Service) Terminal(ctx context.Context, args struct{ Cmd []string }) (*Service, error) {
	if s.tunnel != nil {
		return nil, errors.New("a tunnel has no container: open the terminal of the service that it leads to")
	}
	command := args.Cmd
	if len(command) == 0 {
		command = s.shell
	}
	return s, wrap(s.v.Terminal(ctx, command))
}

// Terminal is the API's Terminal. No field of the API returns one any more.
type Terminal struct{ node }

// ID makes the object loadable.
func (t *Terminal) ID() graphql.ID { return t.register(t) }

// Sync evaluates nothing.
func (t *Terminal) Sync() graphql.ID { return t.ID() }

// LoadTerminalFromID loads a terminal.
func (*Query) LoadTerminalFromID(ctx context.Context, a idArgs) (*Terminal, error) {
	return load[*Terminal](queryOf(ctx).srv, a.ID)
}

// ToTerminal is for GraphQL's inline fragments.
func (n *Node) ToTerminal() (*Terminal, bool) { return to[*Terminal](n) }
