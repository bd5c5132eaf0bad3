// Command ci checks, builds and packages the applications under examples/. To
// start a pipeline of your own, copy this folder's files that are no tests, and
// say in their steps what your applications need; cli brings the flags, the
// progress and the rest.
package main

import (
	"context"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/ci/cli"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/golang"
	"github.com/bodkin-ci/bodkin/modules/postgres"
)

func main() {
	cli.Main(cli.Program{
		Apps: "examples",
		Commands: []cli.Command{
			{Name: "build", Short: "Compile each application: dist/<app>/bin/<app>", Steps: cli.Steps{cli.Go: build, cli.Rust: rustBuild}, Watch: true},
			{Name: "package", Short: "Make a runtime image of each application: dist/<app>/image.tar", Steps: cli.Steps{cli.Go: pack, cli.Rust: pack}, Flags: packFlags},
			{Name: "publish", Short: "Send the runtime image of each application to a registry: dist/<app>/image.digest", Steps: cli.Steps{cli.Go: publish, cli.Rust: publish}, Flags: destination.Flags, Check: destination.Check, Index: true},
			{Name: "test", Short: "Run each application's tests: dist/<app>/junit.xml", Steps: cli.Steps{cli.Go: test, cli.Rust: rustTest}, Flags: testFlags, Native: true, Watch: true},
			{Name: "run", Short: "Run each application's image with its database, until interrupted", Steps: cli.Steps{cli.Go: run, cli.Rust: run}, Only: serves, Flags: runFlags, Native: true, Watch: true},
			{Name: "smoke", Short: "Try each application's image next to its database", Steps: cli.Steps{cli.Go: smoke, cli.Rust: smoke}, Only: tried, Native: true},
			{Name: "lint", Short: "Run golangci-lint or clippy on each application, with its configuration", Steps: cli.Steps{cli.Go: lint, cli.Rust: rustLint}, Native: true, Watch: true},
			{Name: "vulncheck", Short: "Look for known vulnerabilities in what each application uses", Steps: cli.Steps{cli.Go: vulncheck, cli.Rust: rustVulncheck}, Flags: vulncheckFlags, Native: true},
			{Name: "fmt", Short: "List files that are not formatted as gofmt or rustfmt does it", Steps: cli.Steps{cli.Go: format, cli.Rust: rustFormat}, Native: true},
			{Name: "check", Short: "Run fmt, lint, test, build and smoke side by side", All: []string{"fmt", "lint", "test", "build", "smoke"}, Watch: true},
		},
	})
}

var (
	ports     = map[string][]int{"go-api": {8080}, "rust-rocket": {8080}}    // what the applications listen on
	databases = map[string]postgres.Options{"go-api": {}, "rust-rocket": {}} // what they keep data in
)

func module(job *cli.Job) *golang.Golang {
	return golang.New(job.Dag, job.Source(), golang.Options{})
}

// program says what to compile. Both steps say the same, so that it is compiled once.
func program(job *cli.Job) golang.BuildOptions {
	return golang.BuildOptions{Platform: job.Platform, Output: job.App.Name}
}

// build compiles the application into a static binary.
func build(ctx context.Context, job *cli.Job) error {
	binary, err := module(job).Build(ctx, program(job))
	if err != nil {
		return err
	}
	return job.Export(ctx, binary, "bin", job.App.Name)
}

// goImage puts the binary into an image that holds nothing else but what it needs.
// The commit goes into the image's labels and not into the binary, which
// therefore stays in the cache when a commit does not touch the application.
func goImage(ctx context.Context, job *cli.Job) (*dagger.Container, error) {
	bundle, err := debian.New(job.Dag, debian.Options{}).CABundle(ctx)
	if err != nil {
		return nil, err
	}
	revision := job.Revision()
	return module(job).Image(ctx, golang.ImageOptions{
		Build:    program(job),
		CABundle: bundle,
		Ports:    ports[job.App.Name],
		Title:    job.App.Name,
		Source:   revision.Source,
		Revision: revision.Commit,
		Created:  revision.Created(),
	})
}

func image(ctx context.Context, job *cli.Job) (*dagger.Container, error) {
	of := map[cli.Kind]func(context.Context, *cli.Job) (*dagger.Container, error){cli.Go: goImage, cli.Rust: rustImage}
	ctr, err := of[job.App.Kind](ctx, job)
	return annotated(ctr, job.Revision(), err)
}

func lint(ctx context.Context, job *cli.Job) error {
	return module(job).Lint(ctx, golang.LintOptions{})
}

func format(ctx context.Context, job *cli.Job) error { return module(job).Fmt(ctx) }
