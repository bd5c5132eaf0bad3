package rust

import (
	"context"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

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
