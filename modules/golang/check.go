package golang

import (
	"context"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// FormatError says that files are not formatted as gofmt does it.
type FormatError struct {
	Files []string // relative to the module's folder
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("%d not formatted, which gofmt -w does:\n  %s", len(e.Files), strings.Join(e.Files, "\n  "))
}

// Fmt returns a *FormatError when Go files of the module are not formatted.
// Folders with the names vendor and testdata are left alone.
func (g *Golang) Fmt(ctx context.Context) error {
	ctr, err := g.Base(ctx)
	if err != nil {
		return err
	}
	files := g.dag.Directory().WithDirectory("/", g.source, dagger.DirectoryWithDirectoryOpts{
		Include: []string{"**/*.go"},
		Exclude: []string{"**/vendor", "**/testdata"},
	})
	out, err := g.withSource(ctr, files).WithExec([]string{"gofmt", "-l", "."}).Stdout(ctx)
	if err != nil {
		return fmt.Errorf("reading the format: %w", err)
	}
	if names := strings.Fields(out); len(names) > 0 {
		return &FormatError{Files: names}
	}
	return nil
}

// Vet runs go vet on all packages of the module. What it finds is in the output
// of the *dagger.ExecError that it returns.
func (g *Golang) Vet(ctx context.Context) error {
	ctr, err := g.Download(ctx)
	if err != nil {
		return err
	}
	if _, err := g.withSource(ctr, g.source).WithExec([]string{"go", "vet", "./..."}).Sync(ctx); err != nil {
		return fmt.Errorf("vetting: %w", err)
	}
	return nil
}
