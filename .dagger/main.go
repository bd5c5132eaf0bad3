// Bodkin's pipeline as functions of a Dagger engine.
//
// Each function runs the program that `go run ./ci` runs, in a container that
// may use the engine (a nested session). There it finds DAGGER_SESSION_PORT,
// and its steps become containers of the same engine: what is built and how is
// written once, in modules/ and ci/.
package main

import (
	"dagger/bodkin/internal/dagger"
)

// Bodkin builds and packages applications.
type Bodkin struct {
	// Bodkin's own repository.
	Repository *dagger.Directory
	// The image that holds the Go toolchain.
	GoImage string
}

func New(
	// Bodkin's own repository: the program is built from it.
	// +defaultPath="/"
	// +ignore=["dist"]
	repository *dagger.Directory,
	// Image with the Go toolchain that builds the program.
	// +default="golang:1.26.8"
	goImage string,
) *Bodkin {
	return &Bodkin{Repository: repository, GoImage: goImage}
}

// Build compiles applications into static binaries: <app>/bin/<app>.
func (m *Bodkin) Build(
	// A Go module to build, instead of the applications under examples/.
	// +optional
	source *dagger.Directory,
	// The name of the application in source.
	// +default="app"
	name string,
	// Target platforms, such as linux/arm64. Default: the engine's own.
	// +optional
	platform []string,
) *dagger.Directory {
	return m.run("build", source, name, platform)
}

// Package makes runtime images, as OCI archives: <app>/image.tar.
func (m *Bodkin) Package(
	// A Go module to build, instead of the applications under examples/.
	// +optional
	source *dagger.Directory,
	// The name of the application in source.
	// +default="app"
	name string,
	// Target platforms, such as linux/arm64. Default: the engine's own.
	// +optional
	platform []string,
) *dagger.Directory {
	return m.run("package", source, name, platform)
}

// run runs a command of the ci program and returns its output folder.
func (m *Bodkin) run(command string, source *dagger.Directory, name string, platforms []string) *dagger.Directory {
	const output = "/dist"
	args := []string{
		"go", "run", "./ci", command,
		"--engine", "dagger",
		"--progress", "plain",
		"--output", output,
	}
	ctr := dag.Container().
		From(m.GoImage).
		WithMountedCache("/go/pkg/mod", dag.CacheVolume("bodkin-ci-mod")).
		// Go's build cache and Bodkin's downloads.
		WithMountedCache("/root/.cache", dag.CacheVolume("bodkin-ci-cache")).
		WithMountedDirectory("/bodkin", m.Repository).
		WithWorkdir("/bodkin")
	if source != nil {
		folder := "/source/" + name
		ctr = ctr.WithMountedDirectory(folder, source)
		args = append(args, "--source", folder)
	}
	for _, platform := range platforms {
		args = append(args, "--platform", platform)
	}
	return ctr.
		WithExec(args, dagger.ContainerWithExecOpts{ExperimentalPrivilegedNesting: true}).
		Directory(output)
}
