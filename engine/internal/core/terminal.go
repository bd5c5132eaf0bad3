package core

import (
	"context"
	"slices"

	"github.com/moby/buildkit/client/llb"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// TerminalOptions say what runs on a terminal.
type TerminalOptions struct {
	Cmd      []string // none: a shell
	Insecure bool     // all root capabilities
}

// WithDefaultTerminal sets what terminals run that do not name a command.
func (c Container) WithDefaultTerminal(o TerminalOptions) Container {
	c = c.clone()
	o.Cmd = slices.Clone(o.Cmd)
	c.DefaultTerminal = o
	return c
}

// Terminal runs a command in the container on the terminal, until it ends. What
// it changes is thrown away.
func (c Container) Terminal(ctx context.Context, s *buildkit.Session, o TerminalOptions) error {
	if len(o.Cmd) == 0 {
		o = TerminalOptions{Cmd: c.DefaultTerminal.Cmd, Insecure: o.Insecure || c.DefaultTerminal.Insecure}
	}
	args := o.Cmd
	if len(args) == 0 {
		args = []string{"sh"} // an exec has to have some
	}
	spec, opts := c.runOptions(args, ExecOptions{Insecure: o.Insecure})
	opts = append(opts, buildkit.ShimMounts(c.Platform.Architecture)...)
	opts = append(opts, llb.WithCustomName("terminal "+execName(args)), llb.Args(protocol.ExecArgs(spec, args...)))
	return s.Terminal(ctx, c.FS.Run(opts...).Root(), c.Platform, o.Cmd)
}

// terminalWorkdir is where the terminal of a directory has it.
const terminalWorkdir = "/src"

// Terminal runs a command on the terminal in ctr, with the directory mounted.
func (d Directory) Terminal(ctx context.Context, s *buildkit.Session, ctr Container, o TerminalOptions) error {
	ctr = ctr.WithMount(Mount{Kind: MountDirectory, Target: terminalWorkdir, State: d.State, Path: d.Path})
	ctr.Config.WorkingDir = terminalWorkdir
	return ctr.Terminal(ctx, s, o)
}

// describeTerminal tells who looks into the exec's failure which command the
// container has for that.
func (c Container) describeTerminal() []llb.RunOption {
	if len(c.DefaultTerminal.Cmd) == 0 {
		return nil
	}
	return []llb.RunOption{llb.WithDescription(map[string]string{
		buildkit.TerminalDescription: buildkit.EncodeCommand(c.DefaultTerminal.Cmd),
	})}
}
