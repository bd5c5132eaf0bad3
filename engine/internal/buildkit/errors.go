package buildkit

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// errorLines is how many of the last lines of output an ExecError's message shows.
const errorLines = 10

// ExecError is an exec whose outcome was not the expected one.
type ExecError struct {
	Cmd      []string
	ExitCode int
	Stdout   string
	Stderr   string
	Source   string // the line of a Dockerfile that it comes from, or ""
	Err      error
}

func (e *ExecError) Error() string {
	msg := fmt.Sprintf("process %q did not complete successfully: exit code: %d", strings.Join(e.Cmd, " "), e.ExitCode)
	if e.ExitCode == 0 {
		msg = fmt.Sprintf("process %q was expected to fail, but completed successfully: exit code: 0", strings.Join(e.Cmd, " "))
	}
	if tail := lastLines(e.Stderr, e.Stdout); tail != "" {
		msg += "\n" + tail
	}
	return at(e.Source, userCommand(msg))
}

func (e *ExecError) Unwrap() error { return e.Err }

// command is what the shim was asked to run.
func command(args []string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[i+1:]
	}
	return args
}

// lastLines returns the end of the first output that has any.
func lastLines(outputs ...string) string {
	for _, out := range outputs {
		out = strings.TrimRight(out, "\n")
		if out == "" {
			continue
		}
		lines := strings.Split(out, "\n")
		return strings.Join(lines[max(0, len(lines)-errorLines):], "\n")
	}
	return ""
}

// explain turns an error of the solver into one in the user's terms.
func explain(ctx context.Context, gw gateway.Client, err error) error {
	var solveErr *errdefs.SolveError
	if !errors.As(err, &solveErr) {
		return clean(err)
	}
	exec := solveErr.GetOp().GetExec()
	if exec == nil {
		return clean(err)
	}
	if missing := shimMissing(err, solveErr.GetOp()); missing != nil {
		return missing
	}
	out, readErr := readFailed(ctx, gw, solveErr, exec)
	var refused *shimError
	if errors.As(readErr, &refused) {
		what := at(sourceLine(err), fmt.Sprintf("running %q", strings.Join(command(exec.Meta.Args), " ")))
		return fmt.Errorf("%s: %w", what, refused)
	}
	if lacksAccounts(err) {
		return fmt.Errorf("%w (the engine's BuildKit needs /etc/passwd and /etc/group in the container, they may be empty; or a user as UID:GID)", clean(err))
	}
	if readErr != nil && !strings.Contains(err.Error(), "did not complete successfully: exit code") {
		return clean(err) // it did not come to a start
	}
	if readErr != nil {
		return &notStartedError{arch: solveErr.GetOp().GetPlatform().GetArchitecture(), err: clean(err)}
	}
	return &ExecError{
		Cmd: command(exec.Meta.Args), ExitCode: out.exitCode, Stdout: out.stdout, Stderr: out.stderr,
		Source: sourceLine(err), Err: clean(err),
	}
}

// lacksAccounts recognises what older BuildKits say of a user in a root file system
// without lists of accounts.
func lacksAccounts(err error) bool {
	msg := err.Error()
	return strings.HasSuffix(msg, "invalid argument") &&
		(strings.Contains(msg, "unable to find user ") || strings.Contains(msg, "unable to find groups for spec "))
}

// shimError says why a command was not started, or why what it wrote could not be
// kept.
type shimError struct{ reason string }

func (e *shimError) Error() string { return e.reason }

// notStartedError is an exec whose shim has left nothing: it is missing, because
// the daemon's cache was pruned meanwhile, or the container runtime refused the
// exec.
type notStartedError struct {
	arch string
	err  error
	said string // by the container runtime
}

func (e *notStartedError) Unwrap() error { return e.err }

func (e *notStartedError) Error() string {
	if e.said != "" {
		return userCommand(e.err.Error()) + " (the command has not started: " + e.said + ")"
	}
	return userCommand(e.err.Error()) + " (it left no output, so it may not have started: see the engine's log)"
}

// failedOutput is what the shim of a failed exec has recorded.
type failedOutput struct {
	stdout, stderr string
	exitCode       int
}

func readOutput(read func(string) ([]byte, error)) (*failedOutput, error) {
	code, err := read(protocol.ExitCodeFile)
	if err != nil {
		if reason, readErr := read(protocol.ErrorFile); readErr == nil {
			return nil, &shimError{string(reason)}
		}
		return nil, err
	}
	out := &failedOutput{}
	if out.exitCode, err = strconv.Atoi(strings.TrimSpace(string(code))); err != nil {
		return nil, fmt.Errorf("reading the exit code: %w", err)
	}
	stdout, err := read(protocol.StdoutFile)
	if err != nil {
		return nil, err
	}
	stderr, err := read(protocol.StderrFile)
	if err != nil {
		return nil, err
	}
	out.stdout, out.stderr = string(stdout), string(stderr)
	return out, nil
}

// mountPoint matches where the daemon has a file system while it works on it.
var mountPoint = regexp.MustCompile("[^\\s`\"']*/(?:cachemounts|tmpmounts)/buildkit\\d+|/[^\\s`\"']*/(?:overlay2/\\w+/merged|executor/\\w+/rootfs)|/tmp/(?:buildkit|containerd)-mount\\d+")

// withoutMounts makes paths within such a place those that the user has given.
func withoutMounts(msg string) string {
	msg = mountPoint.ReplaceAllString(msg, "")
	return strings.NewReplacer("mount `` to", "mount something to", `mounting "" to`, "mounting something to").Replace(msg)
}

// clean drops the wrapping that only says how the error travelled.
func clean(err error) error { return &cleanError{err} }

type cleanError struct{ err error }

func (e *cleanError) Unwrap() error { return e.err }

func (e *cleanError) Error() string {
	msg := e.err.Error()
	for _, noise := range []string{"failed to solve: ", "rpc error: code = Unknown desc = ", "rpc error: code = NotFound desc = ", "failed to run Build function: "} {
		msg = strings.ReplaceAll(msg, noise, "")
	}
	return at(sourceLine(e.err), userCommand(explainNotGiven(withoutMounts(checksumNoise.ReplaceAllString(msg, "")))))
}
