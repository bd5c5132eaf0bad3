package main

import (
	"context"

	"github.com/bodkin-ci/bodkin/ci/cli"
)

// planted is the secret of leaky, which the script that runs it knows too.
const planted = "planted-7f3a9c51"

// leaky is a program whose command prints its secret as a compiler would print an error.
func leaky() {
	cli.Main(cli.Program{Commands: []cli.Command{
		{Name: "leak", Short: "Print a secret and fail", Steps: cli.Steps{cli.Go: leak}},
	}})
}

func leak(ctx context.Context, job *cli.Job) error {
	base, err := module(job).Base(ctx)
	if err != nil {
		return err
	}
	_, err = base.WithMountedDirectory("/src", job.Source()).WithWorkdir("/src").
		WithSecretVariable("TOKEN", job.Dag.SetSecret("token", planted)).
		WithExec([]string{"go", "run", "."}).Sync(ctx)
	return err
}
