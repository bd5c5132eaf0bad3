package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/bodkin-ci/bodkin/ci/cli"
)

// loaded says that package has Docker keep the image, too.
var loaded bool

func packFlags(f *pflag.FlagSet) {
	f.BoolVar(&loaded, "load", false, "have Docker keep the image, too, as APP:latest")
}

func pack(ctx context.Context, job *cli.Job) error {
	ctr, err := image(ctx, job)
	if err != nil {
		return err
	}
	if err := job.Export(ctx, ctr.AsTarball(), "image.tar"); err != nil || !loaded {
		return err
	}
	return job.Load(ctx, ctr)
}
