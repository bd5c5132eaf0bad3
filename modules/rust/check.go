package rust

import (
	"context"
	"fmt"
	"path"
	"strings"

	"dagger.io/dagger"
)

// FormatError says that files are not formatted as rustfmt does it.
type FormatError struct {
	Files []string // relative to the source
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%d not formatted, which cargo fmt does:\n  %s", len(e.Files), strings.Join(e.Files, "\n  "))
}

// Fmt returns a *FormatError when files of the package, or of the workspace's
// packages, are not formatted as rustfmt does it with the settings in the
// source.
func (r *Rust) Fmt(ctx context.Context) error {
	if _, err := r.describe(ctx); err != nil {
		return err
	}
	ctr, err := r.Base(ctx)
	if err != nil {
		return err
	}
	files := r.dag.Directory().WithDirectory("/", r.source, dagger.DirectoryWithDirectoryOpts{
		Include: append([]string{"**/*.rs", "**/rustfmt.toml", "**/.rustfmt.toml"}, recipeFiles...),
		Exclude: []string{"**/target"},
	})
	ran := r.withSource(ctr, files).
		WithExec([]string{"cargo", "fmt", "--all", "--", "--check", "-l"}, dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	out, err := ran.Stdout(ctx)
	if err != nil {
		return fmt.Errorf("reading the format: %w", err)
	}
	code, err := ran.ExitCode(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading the format: %w", err)
	case code == 0:
		return nil
	}
	var names []string
	for _, name := range strings.Fields(out) {
		names = append(names, strings.TrimPrefix(name, sourcePath+"/"))
	}
	if len(names) > 0 {
		return &FormatError{Files: names}
	}
	said, err := ran.Stderr(ctx)
	if err != nil {
		return fmt.Errorf("reading the format: %w", err)
	}
	return fmt.Errorf("reading the format: cargo fmt ended with exit code %d: %s", code, strings.TrimSpace(said))
}

// ClippyOptions describe a run of clippy. The zero value checks all packages of
// the workspace, their tests included, and takes warnings for errors.
type ClippyOptions struct {
	// Features are features to turn on.
	Features []string
	// NoDefaultFeatures leaves the default ones off.
	NoDefaultFeatures bool
	// AllowWarnings has only errors fail the run.
	AllowWarnings bool
	// Args are further arguments of clippy, such as "-Wclippy::pedantic".
	Args []string
}

// Clippy runs clippy. What it finds is in the output of the *dagger.ExecError
// that it returns.
func (r *Rust) Clippy(ctx context.Context, opts ClippyOptions) error {
	// Clippy reads what the compiler says of dependencies when it only checks them.
	shared := append([]string{"--locked", "--workspace", "--all-targets"}, features(opts.Features, opts.NoDefaultFeatures)...)
	ctr, err := r.compile(ctx, "", append([]string{"cargo", "check"}, shared...), nil)
	if err != nil {
		return err
	}
	if _, err := r.withCargo(ctr, opts.command(shared)).Sync(ctx); err != nil {
		return fmt.Errorf("running clippy: %w", err)
	}
	return nil
}

func (o ClippyOptions) command(shared []string) []string {
	args := append([]string{"cargo", "clippy"}, shared...)
	args = append(args, "--")
	if !o.AllowWarnings {
		args = append(args, "-Dwarnings")
	}
	return append(args, o.Args...)
}

// inSource turns an absolute path in the container into one of the source.
func inSource(name string) string {
	return path.Clean(strings.TrimPrefix(strings.TrimPrefix(name, sourcePath), "/"))
}
