// Package cli is the frame around a pipeline: a command line with flags, help
// and exit codes, progress while steps run, a summary at the end, and an end at
// once when the user asks for it. Start with Main; a pipeline is a Program whose
// steps are functions over a Job.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/internal/apps"
	"github.com/bodkin-ci/bodkin/ci/internal/child"
)

// Program is a pipeline as a command-line program.
type Program struct {
	// Apps is the folder whose sub-folders are the applications, relative to
	// where the program is run. Empty: the current folder is the application.
	Apps string
	// Commands are what the program can do with each application.
	Commands []Command
}

// Command is something to do with each application, side by side.
type Command struct {
	Name  string // as typed on the command line
	Short string // one line of help
	Long  string // more help, in full sentences
	Steps Steps
	// Only says which applications the command is for. Default: all that have a step.
	Only func(App) bool
	// Flags adds flags of the command's own. What it binds them to, the steps read.
	Flags func(*pflag.FlagSet)
	// Check looks at what Flags were bound to. Its error is wrong usage: nothing is done.
	Check func() error
	// Watch commands have --watch: they run again when a source file changes.
	Watch bool
	// Native commands run on the engine's own platform: they have no --platform.
	Native bool
	// Index commands do their work once for all platforms: Job.Platforms.
	Index bool
	// All names other commands, whose steps this one runs side by side instead
	// of having any. The first that fails stops the others, unless --keep-going
	// is given.
	All []string
}

// step returns what the command does with an application, nil for nothing.
func (c Command) step(app App) Step {
	if c.Only != nil && !c.Only(app) {
		return nil
	}
	return c.Steps[app.Kind]
}

// parts returns the commands whose steps the command runs.
func (p Program) parts(command Command) ([]Command, error) {
	if len(command.All) == 0 {
		return []Command{command}, nil
	}
	var parts []Command
	for _, name := range command.All {
		i := slices.IndexFunc(p.Commands, func(c Command) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("%s is to run %s, which is no command of this program", command.Name, name)
		}
		parts = append(parts, p.Commands[i])
	}
	return parts, nil
}

// Steps holds a command's step for each kind of application it can handle.
type Steps map[Kind]Step

// Step does a command's work for one application on one platform.
type Step func(ctx context.Context, job *Job) error

// App is an application that a pipeline works on.
type App = apps.App

// Kind says how an application is built.
type Kind = apps.Kind

// The kinds of applications.
const (
	Go   = apps.Go   // Go modules
	Rust = apps.Rust // Rust packages, or workspaces
)

// Main runs the program that the command line asks for and ends the process:
// status 0 when all is done, 1 when a step failed, 2 on wrong usage and 130 after
// SIGINT or SIGTERM.
func Main(p Program) {
	os.Exit(execute(p))
}

func execute(p Program) int {
	root := rootCommand(p)
	ran, err := root.ExecuteC()
	code := exitCode(err)
	var command *child.ExitError
	switch {
	case errors.As(err, &command):
		if command.Err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", ran.CommandPath(), err)
		}
	case code == exitUsage:
		fmt.Fprintf(os.Stderr, "%s: %v\nSee: %s --help\n", ran.CommandPath(), err, ran.CommandPath())
	case code == exitFailed:
		if !isReported(err) {
			fmt.Fprintf(os.Stderr, "%s: %v\n", ran.CommandPath(), err)
		}
	}
	return code
}

func rootCommand(p Program) *cobra.Command {
	root := &cobra.Command{
		Use:   "ci",
		Short: "Run this repository's pipeline in containers",
		Long: `Run this repository's pipeline in containers, the same here and in any CI.

Nothing has to be installed or started first: without an address the engine is
set up on its first use (Linux, as root) and kept for the next run.`,
		Example:           "  go run ./ci build\n  go run ./ci package --app go-api\n  go run ./ci engine status",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetHelpTemplate(root.HelpTemplate() + exitHelp)
	for _, command := range p.Commands {
		root.AddCommand(pipelineCommand(p, command))
	}
	root.AddCommand(initCommand())
	root.AddCommand(engineCommand(), sessionCommand(), schemaCommand())
	return root
}

func pipelineCommand(p Program, command Command) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   command.Name,
		Short: command.Short,
		Long:  strings.TrimSpace(command.Short+".\n\n"+command.Long) + "\n" + command.optionsHelp(),
		Args:  noArguments("choose applications with --app NAME or --source DIR"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := o.plan(p, command)
			if err != nil {
				return err
			}
			return failed(plan.run(cmd.Context()))
		},
	}
	cmd.Example = fmt.Sprintf(`  go run ./ci %[1]s
  go run ./ci %[1]s --app go-api --progress plain
  go run ./ci %[1]s --source ../service --output /tmp/out
  go run ./ci %[1]s --engine tcp://buildkit.example:1234 --timeout 10m`, command.Name)
	if !command.Native {
		cmd.Example += fmt.Sprintf("\n  go run ./ci %s --platform linux/amd64 --platform linux/arm64", command.Name)
	}
	o.register(cmd, command)
	return cmd
}

// noArguments refuses arguments with advice on what to use instead.
func noArguments(advice string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("%s takes no arguments, but got %q; %s", cmd.Name(), args[0], advice)
		}
		return nil
	}
}
