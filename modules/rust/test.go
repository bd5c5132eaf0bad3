package rust

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

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
	return ctr.WithExec(append([]string{"sh", "-c", script, "sh"}, command...)), nil
}

// testProgram is a compiled test program.
type testProgram struct {
	name       string // of the tests in it, as in results
	crate      string // the package
	version    string // of the package
	dir        string // the package's folder, relative to the source
	executable string
	harness    bool // it has Rust's own test program around it
}

// testRun is what all test programs share.
type testRun struct {
	r        *Rust
	opts     TestOptions
	base     *dagger.Container
	compiled *dagger.Container
	programs []string // paths of programs that tests may run
}

// artifact is what cargo says of something it has compiled.
type artifact struct {
	Reason       string
	PackageID    string `json:"package_id"`
	ManifestPath string `json:"manifest_path"`
	Target       struct {
		Name string
		Kind []string
	}
	Profile struct {
		Test bool
	}
	Executable string
}

// read finds the test programs, and those that they may run, in cargo's list.
func (t *testRun) read(list string) []testProgram {
	var tests []testProgram
	for line := range strings.Lines(list) {
		var a artifact
		if json.Unmarshal([]byte(line), &a) != nil || a.Reason != "compiler-artifact" || a.Executable == "" {
			continue
		}
		if !a.Profile.Test {
			t.programs = append(t.programs, a.Executable)
			continue
		}
		dir := inSource(path.Dir(a.ManifestPath))
		c := t.r.read.crateIn(dir)
		if c.Package == nil {
			continue
		}
		program := testProgram{crate: c.Package.Name, dir: dir, executable: a.Executable, harness: c.harness(a.Target.Name)}
		program.version = packageVersion(a.PackageID)
		program.name = testName(c.Package.Name, a.Target.Name, a.Target.Kind)
		tests = append(tests, program)
	}
	// Cargo lists them as they get ready.
	slices.SortFunc(tests, func(a, b testProgram) int { return strings.Compare(a.name, b.name) })
	slices.Sort(t.programs)
	return tests
}

// testName names the tests in a target: those of the library are named after
// the package alone.
func testName(crate, target string, kinds []string) string {
	kind := strings.Join(kinds, ",")
	switch kind {
	case "test":
		return crate + "::" + target
	case "bin", "example", "bench":
		return crate + "::" + kind + "/" + target
	}
	return crate
}

// packageVersion takes the version from the end of a package's ID,
// "path+file:///src#name@1.2.3".
func packageVersion(id string) string {
	return id[strings.LastIndexAny(id, "#@")+1:]
}

// run runs one test program.
func (t *testRun) run(ctx context.Context, p testProgram) (testresult.Output, error) {
	ran := t.container(p).WithExec(t.opts.command(p), dagger.ContainerWithExecOpts{Expect: dagger.ReturnTypeAny})
	stdout, err := ran.Stdout(ctx)
	if err != nil {
		return testresult.Output{}, err
	}
	stderr, err := ran.Stderr(ctx)
	if err != nil {
		return testresult.Output{}, err
	}
	code, err := ran.ExitCode(ctx)
	if err != nil {
		return testresult.Output{}, err
	}
	c := conversion{name: p.name, harness: p.harness, code: code}
	return testresult.Output{Package: p.name, Dir: p.dir, Events: c.events(stdout, stderr), ExitCode: code}, nil
}

// container holds what one test program needs: the source without Rust files
// but those of data, the program itself, and the package's programs.
func (t *testRun) container(p testProgram) *dagger.Container {
	dag := t.r.dag
	files := dag.Directory().
		WithDirectory("/", t.r.source, dagger.DirectoryWithDirectoryOpts{Exclude: []string{"**/*.rs", "**/target"}})
	ctr := t.base.
		WithMountedDirectory(sourcePath, files).
		WithWorkdir(path.Join(sourcePath, p.dir)).
		WithMountedFile(p.executable, t.compiled.File(p.executable))
	for _, program := range t.programs {
		ctr = ctr.WithMountedFile(program, t.compiled.File(program))
	}
	for _, kv := range [][2]string{
		{"CARGO_MANIFEST_DIR", path.Join(sourcePath, p.dir)},
		{"CARGO_PKG_NAME", p.crate},
		{"CARGO_PKG_VERSION", p.version},
	} {
		ctr = ctr.WithEnvVariable(kv[0], kv[1])
	}
	for _, name := range slices.Sorted(maps.Keys(t.opts.Env)) {
		ctr = ctr.WithEnvVariable(name, t.opts.Env[name])
	}
	if p.harness {
		// Results as JSON are for compilers that are not stable, or pretend.
		ctr = ctr.WithEnvVariable("RUSTC_BOOTSTRAP", "1")
	}
	if t.opts.With != nil {
		ctr = t.opts.With(ctr)
	}
	return ctr
}

func (o TestOptions) command(p testProgram) []string {
	if !p.harness {
		return []string{p.executable}
	}
	args := []string{p.executable, "-Zunstable-options", "--format=json", "--report-time"}
	if o.Ignored {
		args = append(args, "--include-ignored")
	}
	return append(args, o.Run...)
}
