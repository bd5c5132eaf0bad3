package api

import (
	"context"

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
