package main

import (
	"context"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

// The databases that the flags of vulncheck name.
var vulnDB, advisoryDB string

func vulncheckFlags(f *pflag.FlagSet) {
	f.StringVar(&vulnDB, "db", golang.DefaultVulnDB, "`URL` of the vulnerability database for Go, or a folder with a copy of one")
	f.StringVar(&advisoryDB, "advisory-db", rust.DefaultAdvisoryDB, "`URL` of a Git repository with the advisories for Rust, or a folder with a copy of one")
}

func vulncheck(ctx context.Context, job *cli.Job) error {
	opts := golang.VulncheckOptions{DB: vulnDB}
	if isFolder(vulnDB) {
		opts = golang.VulncheckOptions{DBFiles: job.Dag.Host().Directory(vulnDB)}
	}
	return module(job).Vulncheck(ctx, opts)
}

func rustVulncheck(ctx context.Context, job *cli.Job) error {
	opts := rust.AuditOptions{DB: advisoryDB}
	if isFolder(advisoryDB) {
		opts = rust.AuditOptions{DBFiles: job.Dag.Host().Directory(advisoryDB)}
	}
	return crate(job).Audit(ctx, opts)
}

func isFolder(place string) bool { return !strings.Contains(place, "://") }
