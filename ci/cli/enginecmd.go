package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/bodkin-ci/bodkin/ci/internal/interrupt"
	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/ci/internal/report"
	"github.com/bodkin-ci/bodkin/engine"
)

// engineCommand groups the commands that look after the embedded engine.
func engineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "engine",
		Short:   "Look after the embedded engine",
		Long:    "Look after the embedded engine, which is set up on first use, shared by all\nruns of a user, and ends by itself when idle.",
		Example: "  go run ./ci engine status\n  go run ./ci engine prune --keep-storage 10GB",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(statusCommand(), logsCommand(), stopCommand(), pruneCommand())
	return cmd
}

func statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Short:   "Say whether the engine runs, who uses it and how much disk it uses",
		Example: "  go run ./ci engine status",
		Args:    noArguments("it has only flags"),
		RunE: untilSignal(func(ctx context.Context) error {
			state, err := engine.Status(ctx)
			if err != nil {
				return err
			}
			return report.Engine(os.Stdout, state, time.Now())
		}),
	}
}

func logsCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:     "logs",
		Short:   "Print the engine's log",
		Example: "  go run ./ci engine logs\n  go run ./ci engine logs --follow",
		Args:    noArguments("it has only flags"),
		RunE: untilSignal(func(ctx context.Context) error {
			return engine.Logs(ctx, os.Stdout, follow)
		}),
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on printing until interrupted")
	return cmd
}

func stopCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "stop",
		Short:   "End the engine; its cache stays",
		Long:    "End the engine, whoever uses it, and remove what a killed one left behind.\nIts cache stays: the next run starts it again within moments.",
		Example: "  go run ./ci engine stop",
		Args:    noArguments("it has only flags"),
		RunE: untilSignal(func(ctx context.Context) error {
			if err := engine.Stop(ctx); err != nil {
				return err
			}
			fmt.Println("The embedded engine is not running.")
			return nil
		}),
	}
}

func pruneCommand() *cobra.Command {
	var opts engine.PruneOptions
	var keepStorage string
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Free disk space: remove cache that no run is using",
		Long: `Free disk space: remove cache that no run is using.

Cache volumes, such as Go's module and build caches, take the longest to fill
again: they stay unless --all is given.`,
		Example: "  go run ./ci engine prune\n  go run ./ci engine prune --keep-duration 72h --keep-storage 10GB\n  go run ./ci engine prune --all",
		Args:    noArguments("it has only flags"),
	}
	flags := cmd.Flags()
	flags.DurationVar(&opts.KeepDuration, "keep-duration", 0, "keep what was used within this `duration`, such as 72h")
	flags.StringVar(&keepStorage, "keep-storage", "", "keep this `size`, such as 10GB, of what was used last")
	flags.BoolVar(&opts.All, "all", false, "remove cache volumes and BuildKit's own records too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if opts.KeepDuration < 0 {
			return fmt.Errorf("--keep-duration %s: a duration cannot be negative", opts.KeepDuration)
		}
		if keepStorage != "" {
			size, err := units.FromHumanSize(keepStorage)
			if err != nil || size < 0 {
				return fmt.Errorf("--keep-storage %q: not a size such as 500MB or 10GB", keepStorage)
			}
			opts.KeepStorage = size
		}
		return untilSignal(func(ctx context.Context) error {
			opts.Log = newLogger(os.Stderr, progress.Plain)
			removed, err := engine.Prune(ctx, opts)
			if err != nil {
				return err
			}
			if err := report.Pruned(os.Stdout, removed); err != nil {
				return err
			}
			state, err := engine.Status(ctx)
			if err != nil {
				return err
			}
			return report.Kept(os.Stdout, state.Disk, opts)
		})(cmd, args)
	}
	return cmd
}

// untilSignal runs a command's work with a context that ends with a signal.
func untilSignal(work func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		ctx, stop := interrupt.Watch(cmd.Context(), func() {})
		defer stop()
		err := work(ctx)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return failed(err)
	}
}
