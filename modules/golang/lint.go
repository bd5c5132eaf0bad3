package golang

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// DefaultLintVersion is the version of golangci-lint that Lint uses.
const DefaultLintVersion = "v2.15.0"

// lintCache is where golangci-lint keeps what it found before.
const lintCache = "/root/.cache/golangci-lint"

// LintError says that golangci-lint found something.
type LintError struct {
	// Findings is what golangci-lint wrote: file:line:column, relative to the
	// module's folder, and what is wrong there.
	Findings string
}

func (e *LintError) Error() string {
	return "golangci-lint found:\n" + strings.TrimRight(e.Findings, "\n")
}

// foundIssues is golangci-lint's exit code when it has found something.
const foundIssues = 1

// LintOptions describe a run of golangci-lint. The zero value takes the
// configuration that is in the source.
type LintOptions struct {
	// Version is the version of golangci-lint. Default DefaultLintVersion.
	Version string
	// Binary is a golangci-lint to use instead of compiling one, such as the file
	// /usr/bin/golangci-lint of the image golangci/golangci-lint:v2.15.0.
	Binary *dagger.File
	// Args are further arguments of `golangci-lint run`.
	Args []string
}

// Lint runs golangci-lint on the module, with the configuration in the source.
// The program is compiled from its Go module, which takes minutes the first time,
// and has a cache volume of its own. The error is a *LintError when it finds
// something, and a *dagger.ExecError when it cannot look: the module does not
// compile, or its configuration is wrong.
func (g *Golang) Lint(ctx context.Context, opts LintOptions) error {
	linter, err := g.linter(ctx, opts)
	if err != nil {
		return err
	}
	ctr, err := g.Download(ctx)
	if err != nil {
		return err
	}
	const program = programsFolder + "/golangci-lint"
	ctr = g.withSource(ctr, g.source).
		WithMountedFile(program, linter).
		WithMountedCache(lintCache, g.dag.CacheVolume(g.opts.CachePrefix+"-lint")).
		WithEnvVariable("GOLANGCI_LINT_CACHE", lintCache)
	_, err = ctr.WithExec(opts.command(program)).Sync(ctx)
	var exec *dagger.ExecError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exec) && exec.ExitCode == foundIssues && exec.Stdout != "":
		return &LintError{Findings: exec.Stdout}
	}
	return fmt.Errorf("linting: %w", err)
}

// linter returns golangci-lint, compiled unless there is one.
func (g *Golang) linter(ctx context.Context, opts LintOptions) (*dagger.File, error) {
	switch {
	case opts.Binary != nil && opts.Version != "":
		return nil, errors.New("golang: Binary has its own version: set Binary or Version")
	case opts.Binary != nil:
		return opts.Binary, nil
	}
	base, err := g.Base(ctx)
	if err != nil {
		return nil, err
	}
	return base.WithEnvVariable("GOBIN", outPath).
		WithExec(opts.install()).
		File(outPath + "/golangci-lint"), nil
}

func (o LintOptions) install() []string {
	version := o.Version
	if version == "" {
		version = DefaultLintVersion
	}
	return []string{"go", "install", "-trimpath", "-ldflags=-s -w", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@" + version}
}

func (o LintOptions) command(program string) []string {
	return append([]string{program, "run", "--allow-parallel-runners"}, o.Args...)
}
