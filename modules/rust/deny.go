package rust

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// DefaultDenyVersion is the version of cargo-deny that Deny runs by default: Rust
// 1.85 compiles it.
const DefaultDenyVersion = "0.18.3"

// DenyOptions describe a run of cargo-deny. The zero value checks bans, licenses and
// sources by the deny.toml of the source.
type DenyOptions struct {
	// Version is the version of cargo-deny. Default DefaultDenyVersion.
	Version string
	// Checks are those to run, of "bans", "licenses" and "sources". Default: all of
	// them. For advisories there is Audit.
	Checks []string
}

// PolicyError says that dependencies break the rules in deny.toml.
type PolicyError struct {
	// Report is what cargo-deny wrote.
	Report string
}

func (e *PolicyError) Error() string {
	return "cargo-deny found:\n" + strings.TrimRight(e.Report, "\n")
}

// brokenRules are the bits of cargo-deny's exit code for bans, licenses and sources.
const brokenRules = 2 | 4 | 8

// Deny checks what the source depends on against the rules in its deny.toml, with
// cargo-deny, which is compiled from crates.io. The error is a *PolicyError when some
// are broken.
func (r *Rust) Deny(ctx context.Context, opts DenyOptions) error {
	p, err := r.describe(ctx)
	if err != nil {
		return err
	}
	ctr, err := r.download(ctx, "")
	if err != nil {
		return err
	}
	program, err := r.tool(ctx, "cargo-deny", cmp.Or(opts.Version, DefaultDenyVersion))
	if err != nil {
		return err
	}
	rules := r.dag.Directory().WithDirectory("/", r.source, dagger.DirectoryWithDirectoryOpts{
		Include: []string{"**/deny.toml", "**/.deny.toml", "**/.cargo/deny.toml", "**/LICENSE*", "**/COPYING*"}, Exclude: []string{"**/target"},
	})
	checks := opts.Checks
	if len(checks) == 0 {
		checks = []string{"bans", "licenses", "sources"}
	}
	_, err = r.withSource(ctr, r.recipe(p).WithDirectory("/", rules)).
		WithMountedFile(program.path, program.file).
		WithExec(append([]string{"cargo", "deny", "--color=never", "--locked", "--offline", "check"}, checks...)).
		Sync(ctx)
	var exec *dagger.ExecError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exec) && exec.ExitCode != 0 && exec.ExitCode&^brokenRules == 0:
		return &PolicyError{Report: exec.Stderr}
	}
	return fmt.Errorf("checking the rules for dependencies: %w", err)
}
