package main

import (
	"context"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/golang"
)

// vulnDB is the vulnerability database that the flags of vulncheck name.
var vulnDB string

func vulncheckFlags(f *pflag.FlagSet) {
	f.StringVar(&vulnDB, "db", golang.DefaultVulnDB, "`URL` of the vulnerability database, or a folder with a copy of one")
}

func vulncheck(ctx context.Context, job *cli.Job) error {
	opts := golang.VulncheckOptions{DB: vulnDB}
	if !strings.Contains(vulnDB, "://") {
		opts = golang.VulncheckOptions{DBFiles: job.Dag.Host().Directory(vulnDB)}
	}
	return module(job).Vulncheck(ctx, opts)
}
