package main

import (
	"context"
	"fmt"
	"net/http"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/postgres"
	"github.com/bodkin-ci/bodkin/modules/rust"
)

func crate(job *cli.Job) *rust.Rust {
	return rust.New(job.Dag, job.Source(), rust.Options{})
}

// rustProgram says what to compile. Both steps say the same, so that it is
// compiled once.
func rustProgram(job *cli.Job) rust.BuildOptions { return rust.BuildOptions{Platform: job.Platform} }

// rustBuild compiles the application into a static binary.
func rustBuild(ctx context.Context, job *cli.Job) error {
	binary, err := crate(job).Build(ctx, rustProgram(job))
	if err != nil {
		return err
	}
	return job.Export(ctx, binary, "bin", job.App.Name)
}

func rustImage(ctx context.Context, job *cli.Job) (*dagger.Container, error) {
	revision := job.Revision()
	return crate(job).Image(ctx, rust.ImageOptions{
		Build:    rustProgram(job),
		Ports:    ports[job.App.Name],
		Title:    job.App.Name,
		Source:   revision.Source,
		Revision: revision.Commit,
		Created:  revision.Created(),
	})
}

// rustTest runs the application's tests, next to its database if it has one:
// then also those that are ignored where there is none.
func rustTest(ctx context.Context, job *cli.Job) error {
	if tests.Cover || tests.Race || tests.Shuffle != "" {
		job.Say("--cover, --race and --shuffle are for tests in Go: those of " + job.App.Name + " ran without\n")
	}
	var opts rust.TestOptions
	if tests.Run != "" {
		opts.Run = []string{tests.Run}
	}
	if database, needed := databases[job.App.Name]; needed {
		bind, err := postgres.New(job.Dag, database).Bind(ctx, "")
		if err != nil {
			return err
		}
		opts.With, opts.Ignored = bind, true
	}
	results, err := crate(job).Test(ctx, opts)
	if err != nil {
		return err
	}
	return job.ReportTests(results)
}

func rustLint(ctx context.Context, job *cli.Job) error {
	return crate(job).Clippy(ctx, rust.ClippyOptions{})
}

func rustFormat(ctx context.Context, job *cli.Job) error { return crate(job).Fmt(ctx) }

// tryRustRocket asks whether it is alive, adds a monitor, reports for it and reads
// it back.
func tryRustRocket(ctx context.Context, c client) error {
	type monitor struct {
		Name   string `json:"name"`
		Period int    `json:"period_seconds"`
	}
	var read struct {
		monitor
		State string `json:"state"`
	}
	written := monitor{Name: "smoke", Period: 60}
	for _, request := range []struct {
		method, path string
		body, answer any
		status       int
	}{
		{method: "GET", path: "/healthz", status: http.StatusOK},
		{method: "POST", path: "/monitors", body: written, status: http.StatusCreated},
		{method: "POST", path: "/monitors/smoke/beats", status: http.StatusCreated},
		{method: "GET", path: "/monitors/smoke", status: http.StatusOK, answer: &read},
	} {
		if err := c.ask(ctx, request.method, request.path, request.body, request.status, request.answer); err != nil {
			return err
		}
	}
	if read.monitor != written || read.State != "up" {
		return fmt.Errorf("GET /monitors/smoke: got %+v, but %+v was written and has reported", read, written)
	}
	return nil
}
