// Command baddatabase is a pipeline whose database does not start.
package main

import (
	"context"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

func main() {
	test := func(ctx context.Context, job *cli.Job) error {
		database := postgres.Options{Settings: map[string]string{"shared_buffers": "plenty"}}
		bind, err := postgres.New(job.Dag, database).Bind(ctx, "db")
		if err != nil {
			return err
		}
		results, err := golang.New(job.Dag, job.Source(), golang.Options{}).Test(ctx, golang.TestOptions{With: bind})
		if err != nil {
			return err
		}
		return job.ReportTests(results)
	}
	cli.Main(cli.Program{Apps: "examples", Commands: []cli.Command{
		{Name: "test", Short: "Run tests", Steps: cli.Steps{cli.Go: test}},
	}})
}
