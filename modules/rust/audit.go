package rust

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// Defaults of AuditOptions.
const (
	DefaultAuditVersion = "0.21.2"
	DefaultAdvisoryDB   = "https://github.com/RustSec/advisory-db"
)

// advisoryDBPath is where the database is in the container.
const advisoryDBPath = "/advisories"

// AuditOptions describe a run of cargo-audit. The zero value asks the database of
// the RustSec project.
type AuditOptions struct {
	// Version is the version of cargo-audit. Default DefaultAuditVersion, which
	// Rust 1.85 compiles.
	Version string
	// DB is the URL of a Git repository with an advisory database, of which the
	// default branch is read. Default DefaultAdvisoryDB.
	DB string
	// DBFiles is a folder with a copy of one, to use instead: crates/NAME/ID.md, as
	// the RustSec project's repository has them.
	DBFiles *dagger.Directory
	// Ignore has IDs of advisories that are known and accepted, such as
	// "RUSTSEC-2024-0001".
	Ignore []string
	// Warnings has crates that are unmaintained, unsound or yanked fail the run, too.
	Warnings bool
}

// VulnerableError says that crates in the lock file have known vulnerabilities.
type VulnerableError struct {
	// Report is what cargo-audit wrote: each advisory, the version that mends it,
	// and what depends on the crate.
	Report string
}

func (e *VulnerableError) Error() string {
	return "cargo-audit found:\n" + strings.TrimRight(e.Report, "\n")
}

// foundAdvisories is cargo-audit's exit code when it has found some.
const foundAdvisories = 1

// Audit looks the crates of the lock file up in a database of known
// vulnerabilities, with cargo-audit, which is compiled from crates.io. The result is
// cached until the lock file or the database changes. The error is a
// *VulnerableError when there are some.
func (r *Rust) Audit(ctx context.Context, opts AuditOptions) error {
	if opts.DB != "" && opts.DBFiles != nil {
		return errors.New("rust: DB and DBFiles both say which advisory database to use: set one")
	}
	p, err := r.describe(ctx)
	if err != nil {
		return err
	}
	db, err := r.advisories(ctx, opts)
	if err != nil {
		return err
	}
	program, err := r.tool(ctx, "cargo-audit", cmp.Or(opts.Version, DefaultAuditVersion))
	if err != nil {
		return err
	}
	ctr, err := r.Base(ctx)
	if err != nil {
		return err
	}
	_, err = ctr.WithMountedFile(program.path, program.file).
		WithMountedDirectory(advisoryDBPath, db).
		WithMountedDirectory(sourcePath, r.dag.Directory().WithNewFile("Cargo.lock", p.lock)).WithWorkdir(sourcePath).
		WithExec(opts.command()).Sync(ctx)
	var exec *dagger.ExecError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exec) && exec.ExitCode == foundAdvisories && strings.Contains(exec.Stdout, "ID:"):
		return &VulnerableError{Report: exec.Stdout}
	}
	return fmt.Errorf("looking for vulnerabilities: %w", err)
}

// command never asks the network: neither for the database nor for what is yanked.
func (o AuditOptions) command() []string {
	args := []string{"cargo", "audit", "--color=never", "--no-fetch", "--stale", "--db=" + advisoryDBPath, "--file=Cargo.lock"}
	for _, id := range o.Ignore {
		args = append(args, "--ignore="+id)
	}
	if o.Warnings {
		args = append(args, "--deny=warnings")
	}
	return args
}

// advisories is the database, without its history.
func (r *Rust) advisories(ctx context.Context, opts AuditOptions) (*dagger.Directory, error) {
	if opts.DBFiles == nil {
		url := cmp.Or(opts.DB, DefaultAdvisoryDB)
		db := r.dag.Git(url).Head().Tree()
		if _, err := db.Sync(ctx); err != nil {
			return nil, fmt.Errorf("reading the advisory database at %s: %w; name another one, or a folder with a copy of one", url, err)
		}
		return db, nil
	}
	found, err := opts.DBFiles.Glob(ctx, "*/*/*.md")
	if err != nil {
		return nil, fmt.Errorf("reading the copy of an advisory database: %w", err)
	}
	if len(found) == 0 {
		return nil, errors.New("rust: the copy of an advisory database holds no advisories: crates/NAME/ID.md")
	}
	return opts.DBFiles, nil
}
