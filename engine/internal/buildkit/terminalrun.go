package buildkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	gatewaypb "github.com/moby/buildkit/frontend/gateway/pb"
	"github.com/moby/buildkit/solver/pb"

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
	said := &shimTalk{out: tty}
	req := e.start()
	req.Env = e.terminalEnv()
	if req.Args, err = terminalArgs(e.op.Meta.Args, command); err != nil {
		return err
	}
	input, stop, err := tty.Input()
	if err != nil {
		return err
	}
	defer stop()
	req.Tty, req.Stdin, req.Stdout = true, input, said
	proc, err := ctr.Start(ctx, req)
	if err != nil {
		return clean(err)
	}
	defer tty.OnResize(func(columns, rows int) {
		_ = proc.Resize(ctx, gateway.WinSize{Cols: uint32(columns), Rows: uint32(rows)}) //nolint:gosec // sizes of windows
	})()
	return e.terminalEnd(ctx, proc.Wait(), said)
}

// terminalEnd says whether a command's end means that it had no start.
func (e *execDef) terminalEnd(ctx context.Context, err error, said *shimTalk) error {
	var exit *gatewaypb.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	if missing := shimMissing(err, &pb.Op{Platform: e.platform}); missing != nil {
		if errors.As(err, &exit) && !strings.HasPrefix(said.text(), protocol.MarkerOutdated) {
			return nil // the command's own exit code
		}
		return missing
	}
	if !errors.As(err, &exit) {
		return clean(err)
	}
	for _, marker := range []string{protocol.MarkerNotStarted, protocol.MarkerSetup} {
		if reason, ok := strings.CutPrefix(said.text(), marker); ok {
			return &notOnTerminalError{status: int(exit.ExitCode), reason: strings.TrimSpace(reason)}
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

// shimTalk passes on what a command writes. A first line of the shim's own is for
// the engine, not for the user.
type shimTalk struct {
	out  io.Writer
	held []byte
	open bool
}

func (t *shimTalk) Write(p []byte) (int, error) {
	if t.open {
		return t.out.Write(p)
	}
	t.held = append(t.held, p...)
	prefix := []byte(protocol.MarkerPrefix)
	if bytes.HasPrefix(t.held, prefix) || bytes.HasPrefix(prefix, t.held) {
		return len(p), nil
	}
	t.open = true
	_, err := t.out.Write(t.held)
	return len(p), err
}

// Close shows what may have been the beginning of a shim's line and was not.
func (t *shimTalk) Close() error {
	if t.open || bytes.HasPrefix(t.held, []byte(protocol.MarkerPrefix)) {
		return nil
	}
	t.open = true
	_, err := t.out.Write(t.held)
	return err
}

// text is the shim's line, "" if the command has written.
func (t *shimTalk) text() string {
	if t.open {
		return ""
	}
	return string(t.held)
}
