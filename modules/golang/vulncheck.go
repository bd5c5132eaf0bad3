package golang

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"
)

// Defaults of VulncheckOptions.
const (
	DefaultVulncheckVersion = "v1.8.0"
	DefaultVulnDB           = "https://vuln.go.dev"
)

// vulnDBPath is where the database is in the container, or the mark of one that
// is elsewhere.
const vulnDBPath = "/vulndb"

// VulncheckOptions describe a run of govulncheck. The zero value asks the
// database of the Go project.
type VulncheckOptions struct {
	// Version is the version of golang.org/x/vuln. Default DefaultVulncheckVersion.
	Version string
	// DB is the URL of a vulnerability database. Default DefaultVulnDB.
	DB string
	// DBFiles is a folder with a copy of a database, to use instead: index/db.json,
	// index/modules.json and ID/*.json, as https://go.dev/doc/security/vuln/database
	// describes them.
	DBFiles *dagger.Directory
	// Tags are build tags.
	Tags []string
}

// VulnerableError says that the module calls code with known vulnerabilities.
type VulnerableError struct {
	// Report is what govulncheck wrote: each vulnerability, the version that
	// mends it, and where the module calls it.
	Report string
}

func (e *VulnerableError) Error() string {
	return "govulncheck found:\n" + strings.TrimRight(e.Report, "\n")
}

// foundVulnerabilities is govulncheck's exit code when it has found some.
const foundVulnerabilities = 3

// Vulncheck looks for known vulnerabilities in what the module calls, with
// govulncheck, which is compiled from its module. The result is cached until the
// source or the database changes. The error is a *VulnerableError when there are
// some, and names the database where that cannot be read.
func (g *Golang) Vulncheck(ctx context.Context, opts VulncheckOptions) error {
	if opts.DB != "" && opts.DBFiles != nil {
		return errors.New("golang: DB and DBFiles both say which vulnerability database to use: set one")
	}
	ctr, err := g.Download(ctx)
	if err != nil {
		return err
	}
	program, err := g.vulncheck(ctx, opts)
	if err != nil {
		return err
	}
	ctr, err = g.withVulnDB(ctx, g.withSource(ctr, g.source), opts)
	if err != nil {
		return err
	}
	const path = programsFolder + "/govulncheck"
	_, err = ctr.WithMountedFile(path, program).WithExec(opts.command(path)).Sync(ctx)
	var exec *dagger.ExecError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exec) && exec.ExitCode == foundVulnerabilities:
		return &VulnerableError{Report: exec.Stdout}
	}
	return fmt.Errorf("looking for vulnerabilities: %w", err)
}

// vulncheck compiles govulncheck.
func (g *Golang) vulncheck(ctx context.Context, opts VulncheckOptions) (*dagger.File, error) {
	base, err := g.Base(ctx)
	if err != nil {
		return nil, err
	}
	return base.WithEnvVariable("GOBIN", outPath).
		WithExec(opts.install()).
		File(outPath + "/govulncheck"), nil
}

// withVulnDB mounts the database. Of one that is elsewhere it mounts the file
// that says when it was last changed, so that a result is not older than that.
// govulncheck takes a database that lacks this file for one without entries.
func (g *Golang) withVulnDB(ctx context.Context, ctr *dagger.Container, opts VulncheckOptions) (*dagger.Container, error) {
	const changed = "index/db.json"
	if opts.DBFiles != nil {
		if _, err := opts.DBFiles.File(changed).Contents(ctx); err != nil {
			return nil, fmt.Errorf("reading the copy of a vulnerability database: %w", err)
		}
		return ctr.WithMountedDirectory(vulnDBPath, opts.DBFiles), nil
	}
	state, err := g.dag.HTTP(opts.url() + "/" + changed).Contents(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the vulnerability database at %s: %w; name another one, or a folder with a copy of one", opts.url(), err)
	}
	return ctr.WithMountedDirectory(vulnDBPath, g.dag.Directory().WithNewFile(changed, state)), nil
}

func (o VulncheckOptions) url() string {
	if o.DB == "" {
		return DefaultVulnDB
	}
	return strings.TrimRight(o.DB, "/")
}

func (o VulncheckOptions) install() []string {
	version := o.Version
	if version == "" {
		version = DefaultVulncheckVersion
	}
	return []string{"go", "install", "-trimpath", "-ldflags=-s -w", "golang.org/x/vuln/cmd/govulncheck@" + version}
}

func (o VulncheckOptions) command(program string) []string {
	db := o.url()
	if o.DBFiles != nil {
		db = "file://" + vulnDBPath
	}
	args := []string{program, "-db", db}
	if len(o.Tags) > 0 {
		args = append(args, "-tags="+strings.Join(o.Tags, ","))
	}
	return append(args, "./...")
}
