package buildkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/proto"

	"github.com/bodkin-ci/bodkin/engine/internal/terminal"
)

// TerminalDescription is the key of an exec's description that holds the default
// terminal command of its container, encoded by EncodeCommand. It is no part of
// the cache key.
const TerminalDescription = "bodkin.terminal"

// failures are the execs whose failure has opened a shell: one each, however many
// evaluations fail because of it.
type failures struct {
	mu        sync.Mutex
	shown     map[digest.Digest]bool
	terminals map[digest.Digest]string // TerminalDescription, by execKey
}

// note keeps what def says of terminals: older BuildKits do not tell it again with
// an exec's failure.
func (f *failures) note(def *llb.Definition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for raw, op := range ops(def.Def) {
		command := def.Metadata[digest.FromBytes(raw)].Description[TerminalDescription]
		if op.GetExec() == nil || command == "" {
			continue
		}
		if f.terminals == nil {
			f.terminals = map[digest.Digest]string{}
		}
		f.terminals[execKey(op.GetExec())] = command
	}
}

// terminal is the default terminal command of an exec's container.
func (f *failures) terminal(exec *pb.ExecOp) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return decodeCommand(f.terminals[execKey(exec)])
}

// execKey tells execs apart by what every BuildKit keeps of them.
func execKey(exec *pb.ExecOp) digest.Digest {
	meta := exec.GetMeta()
	return digest.FromString(strings.Join(slices.Concat(meta.GetArgs(), meta.GetEnv(), []string{meta.GetCwd(), meta.GetUser()}), "\x00"))
}

func (f *failures) first(exec digest.Digest) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shown == nil {
		f.shown = map[digest.Digest]bool{}
	}
	seen := f.shown[exec]
	f.shown[exec] = true
	return !seen
}

// failure turns an error of the solver into one in the user's terms. Where that
// was asked for, the user first gets a shell in the container of an exec that
// failed.
func (s *Session) failure(ctx context.Context, gw gateway.Client, err error) error {
	explained := explain(ctx, gw, err)
	var failed *ExecError
	var solveErr *errdefs.SolveError
	if !s.options.Interactive || !errors.As(explained, &failed) || !errors.As(err, &solveErr) {
		return explained
	}
	_ = s.options.Terminal.Use(ctx, func(ctx context.Context, tty *terminal.TTY) error {
		vertex, err := proto.MarshalOptions{Deterministic: true}.Marshal(solveErr.GetOp())
		if err == nil && s.failures.first(digest.FromBytes(vertex)) {
			err = s.inspect(ctx, gw, tty, solveErr, failed)
		}
		if err != nil && ctx.Err() == nil {
			tty.Say(fmt.Sprintf("--- no shell: %s\n", clean(err)))
		}
		return nil
	})
	return explained
}

// inspect opens a shell in the container of a failed exec, as the command has left
// it.
func (s *Session) inspect(ctx context.Context, gw gateway.Client, tty *terminal.TTY, solveErr *errdefs.SolveError, failed *ExecError) error {
	op := solveErr.GetOp()
	exec := &execDef{op: op.GetExec(), platform: op.GetPlatform(), mounted: make([]mounted, len(op.GetExec().Mounts))}
	for i := range exec.mounted {
		if i < len(solveErr.MountIDs) {
			exec.mounted[i].id = solveErr.MountIDs[i]
		}
	}
	tty.Say(left(failed, exec))
	return s.interact(ctx, gw, tty, exec, s.failures.terminal(op.GetExec()))
}

// left says what has failed and where its user is now.
func left(failed *ExecError, exec *execDef) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n--- failed with exit code %d: %s\n", failed.ExitCode, strings.Join(failed.Cmd, " "))
	if tail := lastLines(failed.Stderr, failed.Stdout); tail != "" {
		fmt.Fprintf(&b, "%s\n", tail)
	}
	fmt.Fprintf(&b, "--- a shell in its container, as the command has left it, %s; the run goes on when it ends\n", place(exec.op))
	return b.String()
}

// EncodeCommand is a command as part of an exec's description.
func EncodeCommand(args []string) string {
	text, err := json.Marshal(args)
	if err != nil {
		panic(err) // strings only: cannot fail
	}
	return string(text)
}

func decodeCommand(text string) []string {
	var args []string
	if json.Unmarshal([]byte(text), &args) != nil {
		return nil
	}
	return args
}
