package golang

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"dagger.io/dagger"

	"github.com/bodkin-ci/bodkin/modules/golang/testresult"
)

// TestOptions describe a run of a module's tests. The zero value runs all tests
// of all packages.
type TestOptions struct {
	// Packages are the packages to test, as `go test` takes them. Default "./...".
	Packages []string
	// Tags are build tags.
	Tags []string
	// Race turns the race detector on. It needs Options.Image or Options.Base
	// with a C compiler.
	Race bool
	// Cover measures which statements of its package a test runs.
	Cover bool

	// Run is a regular expression of the tests to run. Default: all.
	Run string
	// Shuffle is "on", or the seed of the order in which tests run. A result
	// from the cache keeps the order it had. Default: the order of the source.
	Shuffle string
	// Timeout is how long the tests of one package may take. Default 10 minutes.
	Timeout time.Duration

	// Env holds environment variables of the tests.
	Env map[string]string
	// With adds to the container that tests run in, such as a service binding.
	With func(*dagger.Container) *dagger.Container
	// Services are those that With binds. They are started while the tests are
	// compiled, unless the programs come from the cache: then results do, too.
	Services []*dagger.Service
	// Failed, if not nil, is called for each package whose tests have failed, with
	// what they gave and their container as they have left it. Its error is Test's.
	Failed func(ctx context.Context, output testresult.Output, left *dagger.Container) error
	// Files are patterns of Go files, relative to the source, that tests read.
	// Default: those of their own package and in testdata folders. All other
	// files of the source are always there.
	Files []string
}

// TestBinaries compiles the tests of each package that has some, in one command
// with the compiler's caches. The directory holds a program for each, named
// after its package with ".test" at the end; of packages with one name, the
// first has that name and the others are in the folders 1, 2 and so on. A
// package that does not compile is a *dagger.ExecError of what uses the result.
func (g *Golang) TestBinaries(ctx context.Context, opts TestOptions) (*dagger.Directory, error) {
	tests, err := g.listTests(ctx, opts)
	if err != nil {
		return nil, err
	}
	return g.compileTests(ctx, opts, tests)
}

// testPackage is a package that has tests.
type testPackage struct {
	path  string   // its import path
	dir   string   // its folder, relative to the source
	files []string // names of its Go files
	group int      // packages of one group have different names
}

// binary is the path of the package's test program among the others.
func (p testPackage) binary() string {
	// The Go command names it after the last part that is no major version.
	name := description{path: p.path}.programName(".") + ".test"
	if p.group == 0 {
		return name
	}
	return path.Join(strconv.Itoa(p.group), name)
}

// listFormat has `go list` print a line for each package with tests.
const listFormat = `{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{"\t"}}{{.Dir}}{{"\t"}}` +
	`{{join .GoFiles " "}} {{join .TestGoFiles " "}} {{join .XTestGoFiles " "}}{{end}}`

// listTests finds the packages that have tests.
func (g *Golang) listTests(ctx context.Context, opts TestOptions) ([]testPackage, error) {
	ctr, err := g.testBuilder(ctx, opts)
	if err != nil {
		return nil, err
	}
	args := append([]string{"go", "list", "-f", listFormat}, opts.flags()...)
	out, err := ctr.WithExec(append(args, opts.packages()...)).Stdout(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing packages: %w", err)
	}
	return parseTests(out), nil
}

// parseTests reads what listFormat writes, and puts packages with the same name
// into different groups.
func parseTests(list string) []testPackage {
	var tests []testPackage
	seen := map[string]int{}
	for line := range strings.Lines(list) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			continue
		}
		dir := strings.TrimPrefix(strings.TrimPrefix(fields[1], sourcePath), "/")
		p := testPackage{path: fields[0], dir: path.Clean(dir), files: strings.Fields(fields[2])}
		name := p.binary()
		p.group = seen[name]
		seen[name]++
		tests = append(tests, p)
	}
	return tests
}

// testBuilder is the container that tests are compiled in.
func (g *Golang) testBuilder(ctx context.Context, opts TestOptions) (*dagger.Container, error) {
	if opts.Race && !g.opts.hasCompiler() {
		return nil, errors.New("golang: the race detector needs a C compiler, which the published toolchain does not bring: set Options.Image or Options.Base")
	}
	ctr, err := g.Download(ctx)
	if err != nil {
		return nil, err
	}
	ctr = g.withSource(ctr, g.source)
	if opts.Race {
		ctr = ctr.WithEnvVariable("CGO_ENABLED", "1")
	}
	return ctr, nil
}

// flags are those that list and compile share.
func (o TestOptions) flags() []string {
	flags := []string{"-buildvcs=false"}
	if len(o.Tags) > 0 {
		flags = append(flags, "-tags="+strings.Join(o.Tags, ","))
	}
	if o.Race {
		flags = append(flags, "-race")
	}
	if o.Cover {
		flags = append(flags, "-cover")
	}
	return flags
}

func (o TestOptions) packages() []string {
	if len(o.Packages) == 0 {
		return []string{"./..."}
	}
	return o.Packages
}
