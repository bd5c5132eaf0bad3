package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
	"github.com/bodkin-ci/bodkin/ci/internal/revision"
	"github.com/bodkin-ci/bodkin/ci/internal/step"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// plan is what one call of the program is to do, checked and complete.
type plan struct {
	parts     []Command // whose steps are run
	apps      []App
	platforms []dagger.Platform
	output    string // absolute
	engine    string
	mode      progress.Mode
	timeout   time.Duration
	silence   time.Duration
	epoch     time.Time

	watch         bool // run again when a source file changes
	stopOnFailure bool // the first step that fails stops the others
	interactive   bool // a command that fails opens a shell
	caches        caches
}

// jobs returns one job for each command, application and platform, without a
// client yet.
func (p *plan) jobs(ctx context.Context) []*Job {
	rev := sync.OnceValue(func() Revision { return revision.Of(ctx, p.apps[0].Dir, p.epoch) })
	go rev() // while the engine connects
	var jobs []*Job
	for _, app := range p.apps {
		for _, command := range p.parts {
			if command.step(app) != nil {
				jobs = append(jobs, p.jobsOf(command, app, rev)...)
			}
		}
	}
	return jobs
}

// jobsOf returns a command's jobs for one application.
func (p *plan) jobsOf(command Command, app App, rev func() Revision) []*Job {
	platforms := p.platforms
	if command.Native {
		platforms = []dagger.Platform{""}
	}
	var others []dagger.Platform
	if command.Index {
		platforms, others = platforms[:1], platforms[1:]
	}
	var jobs []*Job
	for _, platform := range platforms {
		job := &Job{App: app, Platform: platform, others: others, revision: rev, outside: p.outside()}
		job.name, job.run = command.Name+" "+app.Name, command.step(app)
		job.output = filepath.Join(p.output, app.Name)
		if job.several = len(platforms) > 1; job.several {
			job.name += " " + string(platform)
			job.output = filepath.Join(job.output, strings.ReplaceAll(string(platform), "/", "_"))
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// cacheFolders are variables that name folders with caches, which some CIs want
// below the checkout.
var cacheFolders = []string{"GOPATH", "GOMODCACHE", "GOCACHE"}

// outside are the folders that are no source, wherever they are.
func (p *plan) outside() []string {
	folders := []string{p.output}
	if dir, err := cachedir.Path(); err == nil {
		folders = append(folders, dir)
	}
	for _, name := range cacheFolders {
		if dir := os.Getenv(name); filepath.IsAbs(dir) {
			folders = append(folders, dir)
		}
	}
	return folders
}

// steps turns jobs into named steps.
func (p *plan) steps(jobs []*Job) []step.Step {
	var steps []step.Step
	for _, job := range jobs {
		steps = append(steps, step.Step{Name: job.name, Run: func(ctx context.Context) error { return job.run(ctx, job) }})
	}
	return steps
}

// prepareOutput finds out that the output cannot be written before anything is
// built for it.
func (p *plan) prepareOutput() error {
	const advice = "choose another folder with --output"
	if err := os.MkdirAll(p.output, 0o755); err != nil {
		return fmt.Errorf("creating the output folder: %w; %s", err, advice)
	}
	probe, err := os.CreateTemp(p.output, ".ci-*")
	if err != nil {
		return fmt.Errorf("writing to the output folder: %w; %s", err, advice)
	}
	_ = probe.Close()
	return os.Remove(probe.Name())
}

// parallelSteps bounds how many steps run at once. The engine does the work
// and has bounds of its own; this one keeps what is shown readable.
func parallelSteps() int { return max(2, runtime.NumCPU()) }
