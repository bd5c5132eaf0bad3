package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/bodkin-ci/bodkin/ci/internal/jobfile"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
	"github.com/bodkin-ci/bodkin/ci/internal/starter"
)

// initOptions are the flags of init.
type initOptions struct {
	ci       string
	embedded bool
	force    bool
	print    bool
	bodkin   string
	cache    string
}

func initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write the job file for this repository's CI, and a pipeline where there is none",
		Long: `Write the job file for this repository's CI, and a pipeline where there is none.

Without --ci the CI is recognized by a job file that is there, or else by where
the repository's remote is. A pipeline is ci/main.go, for a Go module or a Rust
package in the current folder, in a module of its own. What is there stays as it
is; --force overwrites the job file, and nothing else.`,
		Example: "  go run ./ci init\n  go run ./ci init --ci gitlab --embedded --cache '$CI_REGISTRY_IMAGE/cache'\n  go run ./ci init --ci jenkins --print",
		Args:    noArguments("it has only flags"),
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.ci, "ci", "", "`name` of the CI: "+strings.Join(jobfile.Names(), ", "))
	f.BoolVar(&o.embedded, "embedded", false, "with Bodkin's own engine in a privileged container instead of Docker-in-Docker: gitlab, drone")
	f.BoolVar(&o.force, "force", false, "overwrite a job file that is there")
	f.BoolVar(&o.print, "print", false, "print the job file instead of writing anything")
	f.StringVar(&o.bodkin, "bodkin", starter.OwnVersion(), "`version` of Bodkin for a new pipeline, or a folder with its source")
	f.StringVar(&o.cache, "cache", "", "have the job keep its caches in this `place`, as check does with --cache; it may have the CI's variables in it")
	_ = cmd.RegisterFlagCompletionFunc("ci", cobra.FixedCompletions(jobfile.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, err := o.file(cmd.Context(), ".")
		if err != nil {
			return err
		}
		if o.print {
			_, err := os.Stdout.Write(file.Content(o.contentOf(".")))
			return failed(err)
		}
		return untilSignal(func(ctx context.Context) error { return o.write(ctx, ".", file, os.Stdout) })(cmd, args)
	}
	return cmd
}

func (o *initOptions) contentOf(dir string) jobfile.Options {
	return jobfile.Options{Sums: goSum(dir), Cache: o.cache}
}

// file is the job file that is asked for, or that fits the repository.
func (o *initOptions) file(ctx context.Context, dir string) (jobfile.File, error) {
	if err := jobfile.CheckCache(o.cache); err != nil {
		return jobfile.File{}, fmt.Errorf("--cache: %w", err)
	}
	name := o.ci
	if name == "" {
		name = jobfile.Recognize(dir, revision.Remote(ctx, dir))
	}
	if name == "" {
		return jobfile.File{}, fmt.Errorf("which CI this repository is for cannot be told from its files or its remote; name it with --ci: %s", strings.Join(jobfile.Names(), ", "))
	}
	return jobfile.For(name, o.embedded)
}

func (o *initOptions) write(ctx context.Context, dir string, file jobfile.File, out io.Writer) error {
	var wrote []string
	if !starter.Exists(dir) {
		if o.bodkin == "" {
			return errors.New("there is no ci/main.go yet, and this program was not built from a published version of Bodkin; name one with --bodkin VERSION, or a folder with its source")
		}
		var err error
		wrote, err = starter.Write(ctx, dir, o.bodkin)
		if err != nil {
			return err
		}
	}
	ignored, err := ignore(filepath.Join(dir, ".gitignore"))
	if err != nil {
		return err
	}
	if ignored {
		wrote = append(wrote, ".gitignore")
	}
	jobErr := o.writeJob(dir, file)
	if jobErr == nil {
		wrote = append(wrote, file.Path)
	}
	for _, path := range wrote {
		fmt.Fprintln(out, "wrote", path)
	}
	return jobErr
}

func (o *initOptions) writeJob(dir string, file jobfile.File) error {
	path := filepath.Join(dir, filepath.FromSlash(file.Path))
	switch _, err := os.Lstat(path); {
	case err == nil && !o.force:
		return fmt.Errorf("%s is there and stays as it is; --force overwrites it, --print shows what would be written", file.Path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("writing the job file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the job file: %w", err)
	}
	if err := renameio.WriteFile(path, file.Content(o.contentOf(dir)), 0o644); err != nil {
		return fmt.Errorf("writing the job file: %w", err)
	}
	return nil
}

// goSum names the file that says which modules the pipeline in dir is made of.
func goSum(dir string) string {
	if _, err := os.Stat(filepath.Join(dir, "ci", "go.mod")); err != nil && starter.Exists(dir) {
		return "go.sum"
	}
	return "ci/go.sum"
}

// ignore adds what runs leave behind to a .gitignore: output, and caches that some
// CIs want below the checkout. It reports whether something was missing.
func ignore(path string) (changed bool, err error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("reading .gitignore: %w", err)
	}
	text := string(content)
	for _, name := range []string{"dist", ".cache"} {
		if ignores(text, name) {
			continue
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += "/" + name + "/\n"
		changed = true
	}
	if !changed {
		return false, nil
	}
	if err := renameio.WriteFile(path, []byte(text), 0o644); err != nil {
		return false, fmt.Errorf("writing .gitignore: %w", err)
	}
	return true, nil
}

// ignores reports whether a line of a .gitignore is for the folder with this name.
func ignores(text, name string) bool {
	for line := range strings.Lines(text) {
		if strings.Trim(strings.TrimSpace(line), "/") == name {
			return true
		}
	}
	return false
}
