// Command ci builds and packages the applications under examples/. To start a
// pipeline of your own, copy this file and say in build and pack what your
// applications need; cli brings the flags, the progress and the rest.
package main

import (
	"context"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/golang"
)

func main() {
	cli.Main(cli.Program{
		Apps: "examples",
		Commands: []cli.Command{
			{
				Name:  "build",
				Short: "Compile each application: dist/<app>/bin/<app>",
				Steps: cli.Steps{cli.Go: build},
			},
			{
				Name:  "package",
				Short: "Make a runtime image of each application: dist/<app>/image.tar",
				Steps: cli.Steps{cli.Go: pack},
			},
		},
	})
}

// ports are what the applications listen on.
var ports = map[string][]int{"go-api": {8080}}

// program says what to compile. Both steps say the same, so that it is compiled once.
func program(job *cli.Job) golang.BuildOptions {
	return golang.BuildOptions{Platform: job.Platform, Output: job.App.Name}
}

// build compiles the application into a static binary.
func build(ctx context.Context, job *cli.Job) error {
	binary, err := golang.New(job.Dag, job.Source(), golang.Options{}).
		Build(ctx, program(job))
	if err != nil {
		return err
	}
	return job.Export(ctx, binary, "bin", job.App.Name)
}

// pack puts the binary into an image that holds nothing else but what it needs.
// The commit goes into the image's labels and not into the binary, which
// therefore stays in the cache when a commit does not touch the application.
func pack(ctx context.Context, job *cli.Job) error {
	bundle, err := debian.New(job.Dag, debian.Options{}).CABundle(ctx)
	if err != nil {
		return err
	}
	revision := job.Revision()
	image, err := golang.New(job.Dag, job.Source(), golang.Options{}).
		Image(ctx, golang.ImageOptions{
			Build:    program(job),
			CABundle: bundle,
			Ports:    ports[job.App.Name],
			Title:    job.App.Name,
			Source:   revision.Source,
			Revision: revision.Commit,
			Created:  revision.Created(),
		})
	if err != nil {
		return err
	}
	return job.Export(ctx, image.AsTarball(), "image.tar")
}
