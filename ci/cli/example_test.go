package cli_test

import (
	"context"

	"github.com/bodkin-ci/bodkin/ci/cli"
)

// A repository that is one Go module: its only command runs the tests in
// an image from a registry.
func ExampleMain() {
	test := func(ctx context.Context, job *cli.Job) error {
		_, err := job.Dag.Container().From("golang:1.26-alpine").
			WithMountedDirectory("/src", job.Source()).WithWorkdir("/src").
			WithExec([]string{"go", "test", "./..."}).
			Sync(ctx)
		return err
	}
	cli.Main(cli.Program{
		Commands: []cli.Command{
			{Name: "test", Short: "Run the unit tests", Steps: cli.Steps{cli.Go: test}},
		},
	})
}
