package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"os"
	"strings"

	"github.com/charmbracelet/log"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/internal/child"
	"github.com/bodkin-ci/bodkin/ci/internal/interrupt"
	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/engine"
)

// sessionOptions are the flags of session.
type sessionOptions struct {
	engine   string
	workdir  string
	progress string
	quiet    bool
	sdk      sdkFlags
}

// sdkFlags are those that SDKs give to the program that they start.
type sdkFlags struct {
	labels                      []string
	version, project, workspace string
	loadModules                 bool
	verbosity                   int
}

func (f *sdkFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.labels, "label", nil, "")
	flags.StringVar(&f.version, "version", "", "")
	flags.StringVar(&f.project, "project", "", "")
	flags.StringVar(&f.workspace, "workspace", "", "")
	flags.BoolVar(&f.loadModules, "load-workspace-modules", false, "")
	flags.CountVarP(&f.verbosity, "verbose", "v", "")
	for _, name := range []string{"label", "version", "project", "workspace", "load-workspace-modules", "verbose"} {
		_ = flags.MarkHidden(name)
	}
}

// check refuses what this engine cannot do for an SDK.
func (f *sdkFlags) check() error {
	if f.workspace != "" {
		return errors.New("--workspace: workspaces are not served by Bodkin's engine; use --workdir")
	}
	if f.loadModules {
		return errors.New("--load-workspace-modules: modules are not served by Bodkin's engine")
	}
	return nil
}

func sessionCommand() *cobra.Command {
	var o sessionOptions
	cmd := &cobra.Command{
		Use:   "session [flags] [-- COMMAND [ARG...]]",
		Short: "Run a program that uses a Dagger SDK, in any language, on the engine",
		Long: `Run a program that uses a Dagger SDK, in any language, on the engine.

The command finds the session by $DAGGER_SESSION_PORT and $DAGGER_SESSION_TOKEN,
as all SDKs do. The session ends with it; its exit status is the command's, and
signals are passed on to it.

Without a command this is the program that SDKs start themselves: compile it, and
set $_EXPERIMENTAL_DAGGER_CLI_BIN to its path. It then writes port and token to
standard output and serves until standard input is closed.`,
		Example: "  go run ./ci session -- python3 pipeline.py\n  go run ./ci session --quiet --workdir ../service -- node pipeline.mjs",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return fmt.Errorf("write -- before the command: session -- %s", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.workdir, "workdir", "", "`folder` to run in, which host paths are relative to (default: the current one)")
	f.StringVar(&o.engine, "engine", "", "`address` of the engine to use, as other commands have it")
	f.StringVar(&o.progress, "progress", string(progress.Plain), "`mode`: auto, tty, plain or json")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	o.sdk.register(f)
	return cmd
}

// run serves a session as long as the command or the SDK needs it.
func (o *sessionOptions) run(ctx context.Context, command []string) error {
	if err := o.sdk.check(); err != nil {
		return err
	}
	mode, err := progress.Mode(o.progress).Resolve(os.Stderr)
	if err != nil {
		return fmt.Errorf("--progress: %w", err)
	}
	if err := engine.Check(o.engine); err != nil {
		return err
	}
	if o.workdir != "" {
		if err := os.Chdir(o.workdir); err != nil {
			return fmt.Errorf("--workdir: %w", err)
		}
	}
	stdlog.SetOutput(io.Discard) // what libraries say of a session that ends as it begins is not the command's
	display := progress.New(os.Stderr, mode)
	options := []engine.Option{engine.WithAddress(o.engine)}
	logger := log.New(io.Discard)
	if !o.quiet {
		logger = newLogger(display.Log(), mode)
		options = append(options, engine.WithLogger(logger), engine.WithProgress(display.Update))
	}
	defer display.Close()
	if len(command) == 0 {
		return failed(provide(ctx, options))
	}
	return failed(runIn(ctx, command, options))
}

// runIn runs a command in a session of its own.
func runIn(ctx context.Context, command []string, options []engine.Option) error {
	session, err := listen(ctx, options)
	if err != nil {
		return err
	}
	err = child.Run(command, append(os.Environ(), session.Environ()...))
	if closing := session.Close(); err == nil {
		err = closing
	}
	return err
}

// listen opens a session unless a signal comes first.
func listen(ctx context.Context, options []engine.Option) (*engine.Session, error) {
	ctx, stop := interrupt.Watch(ctx, func() {})
	defer stop()
	session, err := engine.Listen(ctx, options...)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return session, err
}

// params is what SDKs read from the program that they have started.
type params struct {
	Port  int    `json:"port"`
	Token string `json:"session_token"`
}

// errStdinClosed ends a session that an SDK has started.
var errStdinClosed = errors.New("standard input is closed")

// provide serves a session until standard input is closed or a signal comes: that
// is how SDKs end it, so both are success.
func provide(ctx context.Context, options []engine.Option) error {
	ctx, stop := interrupt.Watch(ctx, func() {})
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel(errStdinClosed)
	}()
	session, err := engine.Listen(ctx, options...)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	line, err := json.Marshal(params{session.Port, session.Token})
	if err != nil {
		return err
	}
	if _, err := fmt.Printf("%s\n", line); err != nil {
		return errors.Join(fmt.Errorf("writing the session's port: %w", err), session.Close())
	}
	<-ctx.Done()
	return session.Close()
}
