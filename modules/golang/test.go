package golang

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"time"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

// Places in the container that tests run in.
const (
	testsPath    = "/tests"
	eventsPath   = "/tests.out/events.json"
	profilePath  = "/tests.out/coverage.out"
	test2json    = "test2json"
	testsTimeout = 10 * time.Minute
)

// Test compiles the tests and runs those of each package in its folder, some
// packages side by side. A package whose program and files are as they were is
// not run again. Tests that fail are part of the results and no error; that
// they do not compile is a *dagger.ExecError.
func (g *Golang) Test(ctx context.Context, opts TestOptions) (*testresult.Results, error) {
	tests, err := g.listTests(ctx, opts)
	if err != nil {
		return nil, err
	}
	binaries, err := g.compileTests(ctx, opts, tests)
	if err != nil {
		return nil, err
	}
	compiled := opts.startServices(ctx)
	binaries, err = binaries.Sync(ctx)
	compiled()
	if err != nil {
		return nil, fmt.Errorf("compiling the tests: %w", err)
	}
	base, err := g.Base(ctx)
	if err != nil {
		return nil, err
	}
	r := testRun{g: g, opts: opts, binaries: binaries, base: base}
	r.converter = base.WithExec([]string{"go", "build", "-trimpath", "-o", outPath + "/" + test2json, "cmd/test2json"}).
		File(outPath + "/" + test2json)
	outputs := make([]testresult.Output, len(tests))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, p := range tests {
		group.Go(func() (err error) {
			if outputs[i], err = r.run(ctx, p); err != nil {
				return fmt.Errorf("running the tests of %s: %w", p.path, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return testresult.Parse(outputs)
}

// fromCache is how long programs in the cache take to be found.
const fromCache = 250 * time.Millisecond

// startServices starts the services in a while, unless the function that it
// returns is called before. Errors are those of the steps that use them.
func (o TestOptions) startServices(ctx context.Context) (compiled func()) {
	var timers []*time.Timer
	for _, service := range o.Services {
		timers = append(timers, time.AfterFunc(fromCache, func() { _, _ = service.Start(ctx) }))
	}
	return func() {
		for _, t := range timers {
			t.Stop()
		}
	}
}

// testRun is what the tests of all packages share.
type testRun struct {
	g         *Golang
	opts      TestOptions
	base      *dagger.Container
	binaries  *dagger.Directory
	converter *dagger.File
}

// run runs the tests of one package.
func (r testRun) run(ctx context.Context, p testPackage) (testresult.Output, error) {
	// The events are for programs: in a file, progress does not show them.
	ran := r.container(p).WithExec(r.opts.command(p), dagger.ContainerWithExecOpts{
		Expect:         dagger.ReturnTypeAny,
		RedirectStdout: eventsPath,
	})
	code, err := ran.ExitCode(ctx)
	if err != nil {
		return testresult.Output{}, err
	}
	events, err := ran.File(eventsPath).Contents(ctx)
	if err != nil {
		return testresult.Output{}, fmt.Errorf("reading what they printed: %w", err)
	}
	out := testresult.Output{Package: p.path, Dir: p.dir, Files: p.files, Events: events, ExitCode: code}
	if code != 0 && r.opts.Failed != nil {
		if err := r.opts.Failed(ctx, out, ran); err != nil {
			return out, err
		}
	}
	if !r.opts.Cover {
		return out, nil
	}
	// A test that panics leaves no profile.
	if there, err := ran.Exists(ctx, profilePath); err != nil || !there {
		return out, err
	}
	out.Profile, err = ran.File(profilePath).Contents(ctx)
	return out, err
}

// container holds what the tests of one package need and nothing else, so that
// edits elsewhere leave its results in the cache.
func (r testRun) container(p testPackage) *dagger.Container {
	dag, source := r.g.dag, r.g.source
	goFiles := append([]string{path.Join(p.dir, "*.go"), "**/testdata/**/*.go"}, r.opts.Files...)
	files := dag.Directory().
		WithDirectory("/", source, dagger.DirectoryWithDirectoryOpts{Exclude: []string{"**/*.go"}}).
		WithDirectory("/", source, dagger.DirectoryWithDirectoryOpts{Include: goFiles})
	programs := dag.Directory().
		WithFile(path.Base(p.binary()), r.binaries.File(p.binary())).
		WithFile(test2json, r.converter)
	ctr := r.base.
		WithDirectory(path.Dir(profilePath), dag.Directory()).
		WithMountedDirectory(testsPath, programs).
		WithMountedDirectory(sourcePath, files).
		WithWorkdir(path.Join(sourcePath, p.dir))
	for _, name := range sortedKeys(r.opts.Env) {
		ctr = ctr.WithEnvVariable(name, r.opts.Env[name])
	}
	if r.opts.With != nil {
		ctr = r.opts.With(ctr)
	}
	return ctr
}

// command runs a package's test program with the flags that `go test -json`
// gives it.
func (o TestOptions) command(p testPackage) []string {
	timeout := o.Timeout
	if timeout == 0 {
		timeout = testsTimeout
	}
	args := []string{
		testsPath + "/" + test2json, "-t", "-p", p.path,
		testsPath + "/" + path.Base(p.binary()), "-test.v=test2json", "-test.paniconexit0", "-test.timeout=" + timeout.String(),
	}
	if o.Run != "" {
		args = append(args, "-test.run="+o.Run)
	}
	if o.Shuffle != "" {
		args = append(args, "-test.shuffle="+o.Shuffle)
	}
	if o.Cover {
		args = append(args, "-test.coverprofile="+profilePath)
	}
	return args
}
