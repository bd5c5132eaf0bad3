package buildkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
)

// onTerminal runs command in a new container until it ends. Exit codes are of no
// interest. A command that cannot be started is a *notOnTerminalError.
func (e *execDef) onTerminal(ctx context.Context, gw gateway.Client, tty *terminal.TTY, command []string) error {
	ctr, err := e.container(ctx, gw, e.op.Network)
	if err != nil {
		return clean(err)
	}
	defer func() { _ = ctr.Release(context.WithoutCancel(ctx)) }()
	args, err := terminalArgs(e.op.Meta.Args, command)
	if err != nil {
		return err
	}
	return e.inContainer(ctx, ctr, tty, args)
}

// inContainer runs the shim with args on the terminal, in a container of the exec.
func (e *execDef) inContainer(ctx context.Context, ctr gateway.Container, tty *terminal.TTY, args []string) error {
	said := newShimTalk(tty)
	req := e.start()
	req.Args, req.Env = args, e.terminalEnv()
	input, stop, err := tty.Input(said.started)
	if err != nil {
		return err
	}
	defer stop()
	typed, leave := withGoodbye(input, said.ended)
	defer leave()
	req.Tty, req.Stdin, req.Stdout = true, typed, said
	proc, err := ctr.Start(ctx, req)
	if err != nil {
		return clean(err)
	}
	defer tty.OnResize(func(columns, rows int) {
		_ = proc.Resize(ctx, gateway.WinSize{Cols: uint32(columns), Rows: uint32(rows)}) //nolint:gosec // sizes of windows
	})()
	return e.terminalEnd(ctx, proc.Wait(), said)
}

// withGoodbye is input, and the engine's answer to the shim when ended is closed.
func withGoodbye(input io.Reader, ended <-chan struct{}) (typed io.ReadCloser, leave func()) {
	r, w := io.Pipe()
	left := make(chan struct{})
	go func() { _, _ = io.Copy(w, input) }()
	go func() {
		select {
		case <-ended:
			_, _ = w.Write([]byte{protocol.Goodbye})
		case <-left:
		}
	}()
	return r, func() {
		close(left)
		_ = r.Close()
	}
}

// terminalEnd says whether a command's end means that it had no start.
func (e *execDef) terminalEnd(ctx context.Context, err error, said *shimTalk) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if said.begins(protocol.MarkerOutdated) || startsWithoutShim(err.Error()) {
		return &shimMissingError{arch: e.platform.GetArchitecture()}
	}
	var exit *gatewaypb.ExitError
	if !errors.As(err, &exit) {
		return clean(err)
	}
	for _, marker := range []string{protocol.MarkerNotStarted, protocol.MarkerSetup} {
		if reason, ok := said.last(marker); ok {
			return &notOnTerminalError{status: int(exit.ExitCode), reason: reason}
		}
	}
	return nil
}

// terminalArgs is how command runs on a terminal where args are those of an exec.
func terminalArgs(args, command []string) ([]string, error) {
	end := slices.Index(args, "--")
	if end < 1 {
		return nil, fmt.Errorf("opening a terminal: %q is not run by the shim", args)
	}
	spec, err := protocol.Decode(args[end-1])
	if err != nil {
		return nil, err
	}
	return protocol.TerminalArgs(spec, command...), nil
}

// terminalEnv is the environment of a command on a terminal: the exec's, with what
// BuildKit adds there.
func (e *execDef) terminalEnv() []string {
	env := slices.Clone(e.op.Meta.Env)
	if proxy := e.op.Meta.ProxyEnv; proxy != nil {
		for name, value := range map[string]string{
			"HTTP_PROXY": proxy.HttpProxy, "HTTPS_PROXY": proxy.HttpsProxy, "FTP_PROXY": proxy.FtpProxy,
			"NO_PROXY": proxy.NoProxy, "ALL_PROXY": proxy.AllProxy,
		} {
			env = defaultEnv(env, name, value)
			env = defaultEnv(env, strings.ToLower(name), value)
		}
	}
	env = defaultEnv(env, "TERM", os.Getenv("TERM"))
	env = defaultEnv(env, "PATH", defaultPath)
	if e.tools != nil {
		i := slices.IndexFunc(env, named("PATH"))
		env[i] += ":" + protocol.ShellDir
	}
	return env
}

// defaultPath is the PATH that BuildKit gives to execs without one.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func named(name string) func(string) bool {
	return func(entry string) bool { return strings.HasPrefix(entry, name+"=") }
}

// defaultEnv sets a variable that is not set yet, unless value is empty.
func defaultEnv(env []string, name, value string) []string {
	if value == "" || slices.ContainsFunc(env, named(name)) {
		return env
	}
	return append(env, name+"="+value)
}
