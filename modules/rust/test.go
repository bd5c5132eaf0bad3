package rust

import (
	"context"
	"fmt"
	"runtime"

	"dagger.io/dagger"
	"golang.org/x/sync/errgroup"

	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

// artifactsPath is where cargo's list of what it has compiled is.
const artifactsPath = "/artifacts.json"

// TestOptions describe a run of tests. The zero value runs all tests of the
// package, or of all packages of the workspace, except those that are ignored.
// Tests in documentation are not run.
type TestOptions struct {
	// Features are features to turn on.
	Features []string
	// NoDefaultFeatures leaves the default ones off.
	NoDefaultFeatures bool
	// Profile is the profile to compile in. Default: the one of `cargo test`,
	// without debugging information, which tests that are only run do not need.
	Profile string

	// Run holds parts of the names of the tests to run. Default: all.
	Run []string
	// Ignored runs tests that are marked with #[ignore] too.
	Ignored bool

	// Env holds environment variables of the tests.
	Env map[string]string
	// With adds to the container that tests run in, such as a service binding.
	With func(*dagger.Container) *dagger.Container
}

// Test compiles the tests by one command and runs each test program in the
// folder of its package, some of them side by side. One whose program and files
// are as they were is not run again. Tests that fail are part of the results and
// no error; that they do not compile is a *dagger.ExecError.
func (r *Rust) Test(ctx context.Context, opts TestOptions) (*testresult.Results, error) {
	compiled, err := r.compileTests(ctx, opts)
	if err != nil {
		return nil, err
	}
	list, err := compiled.File(artifactsPath).Contents(ctx)
	if err != nil {
		return nil, fmt.Errorf("compiling the tests: %w", err)
	}
	run := testRun{r: r, opts: opts, compiled: compiled}
	tests := run.read(list)
	if run.base, err = r.Base(ctx); err != nil {
		return nil, err
	}
	outputs := make([]testresult.Output, len(tests))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, program := range tests {
		group.Go(func() (err error) {
			if outputs[i], err = run.run(ctx, program); err != nil {
				return fmt.Errorf("running the tests of %s: %w", program.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return testresult.Parse(outputs)
}

// compileTests returns a container with the test programs, and the list of them.
func (r *Rust) compileTests(ctx context.Context, opts TestOptions) (*dagger.Container, error) {
	command := append([]string{"cargo", "test", "--locked", "--workspace", "--no-run"}, features(opts.Features, opts.NoDefaultFeatures)...)
	env := map[string]string{"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_TEST_DEBUG": "0"}
	if opts.Profile != "" {
		command = append(command, "--profile="+opts.Profile)
	}
	ctr, err := r.compile(ctx, "", command, env)
	if err != nil {
		return nil, err
	}
	const script = `"$@" --message-format=json-render-diagnostics >` + artifactsPath
	return r.withCargo(ctr, append([]string{"sh", "-c", script, "sh"}, command...)), nil
}
