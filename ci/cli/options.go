package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dagger.io/dagger"
	"github.com/spf13/cobra"

	"github.com/bodkin-ci/bodkin/ci/internal/apps"
	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
	"github.com/bodkin-ci/bodkin/engine"
)

// options are the flags of a pipeline's command.
type options struct {
	apps      []string
	source    string
	output    string
	engine    string
	platforms []string
	progress  string
	timeout   time.Duration
	silence   time.Duration
	keepGoing bool
	watch     bool

	interactive bool
	caches      caches
}

// optionsHelp explains what does not fit into one line for each flag.
const optionsHelp = `
--engine takes embedded, dagger, or the address of a BuildKit: tcp://, unix://,
docker-container://, kube-pod:// or ssh://. Without it the first of these is
used: $DAGGER_SESSION_PORT, $BUILDKIT_HOST, $DOCKER_HOST, $DOCKER_CONTEXT, embedded.

--progress tty redraws in place, plain writes lines, auto is tty on a terminal
and plain elsewhere or where $CI is set. json writes one JSON object a line to
standard error: log lines (with "msg"), BuildKit's status (with "vertexes",
"statuses", "logs" or "warnings"), and at the end one with "summary".

`

const platformHelp = `With several --platform flags, each has a folder in <app>/, such as linux_arm64/.`

// optionsHelp explains the flags that the command has.
func (c Command) optionsHelp() string {
	if c.Native {
		return strings.TrimSpace(optionsHelp)
	}
	return optionsHelp + platformHelp
}

func (o *options) register(cmd *cobra.Command, command Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.apps, "app", nil, "only the application with this `name`; repeatable (default: all)")
	f.StringVar(&o.source, "source", "", "the application in this `folder` instead of the repository's applications")
	f.StringVar(&o.output, "output", "dist", "`folder` to write to")
	if !command.Native {
		f.StringArrayVar(&o.platforms, "platform", nil, "target `platform`, such as linux/arm64; repeatable (default: the engine's)")
	}
	if len(command.All) > 0 {
		f.BoolVar(&o.keepGoing, "keep-going", false, "run all steps, also after one has failed")
	}
	if command.Watch {
		f.BoolVar(&o.watch, "watch", false, "run again when a source file changes, until interrupted")
	}
	if command.Flags != nil {
		command.Flags(f)
	}
	f.BoolVar(&o.interactive, "interactive", false, "when a command fails in a container, open a shell there")
	f.StringVar(&o.engine, "engine", "", "`address` of the engine to use (default: see above)")
	o.caches.register(f)
	f.StringVar(&o.progress, "progress", string(progress.Auto), "`mode`: auto, tty, plain or json")
	f.DurationVar(&o.timeout, "timeout", 0, "stop a step that takes longer than this `duration`, such as 90s or 10m; setting up an engine is none (default: no limit)")
	f.DurationVar(&o.silence, "silence", 0, "stop a step when there was no output and no progress for this `duration`, such as 10m, and show what runs (default: no limit)")
	_ = cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions(progress.Modes, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagDirname("source")
	_ = cmd.MarkFlagDirname("output")
}

// plan checks the options and turns them into what is to be done. Its errors
// are wrong usage.
func (o *options) plan(p Program, command Command) (*plan, error) {
	if o.timeout < 0 {
		return nil, fmt.Errorf("--timeout %s: a duration cannot be negative", o.timeout)
	}
	if o.silence < 0 {
		return nil, fmt.Errorf("--silence %s: a duration cannot be negative", o.silence)
	}
	mode, err := progress.Mode(o.progress).Resolve(os.Stderr)
	if err != nil {
		return nil, fmt.Errorf("--progress: %w", err)
	}
	if err := engine.Check(o.engine); err != nil {
		return nil, err
	}
	if err := o.checkInteractive(); err != nil {
		return nil, err
	}
	if err := o.caches.check(); err != nil {
		return nil, err
	}
	platforms, err := parsePlatforms(o.platforms)
	if err != nil {
		return nil, err
	}
	parts, err := p.parts(command)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.Check == nil {
			continue
		}
		if err := part.Check(); err != nil {
			return nil, err
		}
	}
	selected, err := o.selectApps(p, parts)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(selected, usedBy(parts)) {
		return nil, fmt.Errorf("%s is for none of these applications", command.Name)
	}
	output, err := filepath.Abs(o.output)
	if err != nil {
		return nil, fmt.Errorf("--output %s: %w", o.output, err)
	}
	epoch, err := revision.Epoch()
	if err != nil {
		return nil, err
	}
	return &plan{
		parts: parts, apps: selected, platforms: platforms, output: output,
		engine: o.engine, mode: mode, timeout: o.timeout, silence: o.silence, epoch: epoch,
		watch:         o.watch,
		interactive:   o.interactive,
		caches:        o.caches,
		stopOnFailure: len(command.All) > 0 && !o.keepGoing,
	}, nil
}

// selectApps finds the applications that one of the commands has a step for.
func (o *options) selectApps(p Program, commands []Command) ([]App, error) {
	if o.source != "" && len(o.apps) > 0 {
		return nil, errors.New("--app and --source exclude each other: --app chooses among this repository's applications")
	}
	if o.source != "" {
		app, err := apps.At(o.source)
		if err != nil {
			return nil, fmt.Errorf("--source: %w", err)
		}
		return []App{app}, nil
	}
	found, err := p.allApps()
	if err != nil {
		return nil, err
	}
	used := usedBy(commands)
	found = slices.DeleteFunc(found, func(app App) bool { return !used(app) })
	selected, err := apps.Select(found, o.apps)
	if err != nil {
		return nil, fmt.Errorf("--app: %w", err)
	}
	return selected, nil
}

// usedBy reports whether one of the commands has a step for an application.
func usedBy(commands []Command) func(App) bool {
	return func(app App) bool {
		return slices.ContainsFunc(commands, func(c Command) bool { return c.step(app) != nil })
	}
}

func (p Program) allApps() ([]App, error) {
	if p.Apps == "" {
		app, err := apps.At(".")
		return []App{app}, err
	}
	return apps.Under(p.Apps)
}

// architectures are those that both Go and container images know by the same name.
var architectures = []string{"amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le", "mips64"}

func parsePlatforms(names []string) ([]dagger.Platform, error) {
	if len(names) == 0 {
		return []dagger.Platform{""}, nil
	}
	var platforms []dagger.Platform
	for _, name := range names {
		parts := strings.Split(name, "/")
		if len(parts) < 2 || len(parts) > 3 || parts[0] != "linux" || !slices.Contains(architectures, parts[1]) {
			return nil, fmt.Errorf("--platform %q: not a platform that containers have; use linux/ and one of %s, such as linux/arm64", name, strings.Join(architectures, ", "))
		}
		if !slices.Contains(platforms, dagger.Platform(name)) {
			platforms = append(platforms, dagger.Platform(name))
		}
	}
	return platforms, nil
}
