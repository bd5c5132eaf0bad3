// Package gobuild compiles Go programs whose sources are embedded in this one,
// with the toolchain the user already has. Call Build with a Program.
//
// Sources travel with go:embed, so that the result is the same whether Bodkin is
// the main module or a dependency of another repository.
package gobuild

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// Program describes one program to compile. Two programs with the same contents
// share one result.
type Program struct {
	// Name names the program in the cache folder, in log lines and in errors.
	// It must be a plain file name.
	Name string
	// Files is a complete module: go.mod, go.sum where it has dependencies, and
	// sources. go:embed refuses a folder that has a go.mod, so names may carry
	// an extra ".txt" that is taken off: go.mod.txt, go.sum.txt, *.go.txt.
	// Files that end in _test.go are left out.
	Files fs.FS
	// Package is what `go build` is asked for; default ".". It may be a package
	// of a module that go.mod requires.
	Package string
	// GOOS and GOARCH are the target; each defaults to that of this process.
	GOOS, GOARCH string
	// Env holds further NAME=value settings for `go build`.
	Env []string
	// LDFlags is added to `-s -w -buildid=`.
	LDFlags string
	// Log receives progress; default: nothing is logged.
	Log *log.Logger
}

// Build returns the path of the compiled program, a static executable in the
// cache folder. A program that was compiled before is found without starting
// any process. Several processes that ask at once compile once.
//
// Errors: *ToolchainError where no usable Go toolchain is found,
// *CompileError where `go build` fails.
func Build(ctx context.Context, p Program) (string, error) {
	p = p.withDefaults()
	digest, err := p.digest()
	if err != nil {
		return "", fmt.Errorf("reading the sources of %s: %w", p.Name, err)
	}
	dir, err := cachedir.Ensure("bin")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, p.Name+"-"+digest)
	if found(bin) {
		return bin, nil
	}
	unlock, err := cachedir.Lock(ctx, filepath.Join(dir, "."+p.Name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if found(bin) {
		return bin, nil
	}
	if err := p.compile(ctx, bin); err != nil {
		return "", err
	}
	removeUnused(dir, p.Name, bin)
	return bin, nil
}

func (p Program) withDefaults() Program {
	if p.Package == "" {
		p.Package = "."
	}
	if p.GOOS == "" {
		p.GOOS = runtime.GOOS
	}
	if p.GOARCH == "" {
		p.GOARCH = runtime.GOARCH
	}
	if p.Log == nil {
		p.Log = log.New(io.Discard)
	}
	return p
}

// compile builds in a folder beside bin and renames the result there. The caller
// holds the program's lock, so whatever an earlier process left can go.
func (p Program) compile(ctx context.Context, bin string) error {
	work := filepath.Join(filepath.Dir(bin), "."+p.Name+".tmp")
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clearing %s: %w", work, err)
	}
	defer os.RemoveAll(work)
	src := filepath.Join(work, "src")
	if err := p.writeSources(src); err != nil {
		return fmt.Errorf("writing the sources of %s: %w", p.Name, err)
	}
	tool, err := findToolchain(ctx, src, p.env())
	if err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	start := time.Now()
	p.Log.Info("building "+p.Name+" (once per version)", "go", tool.version, "for", p.GOOS+"/"+p.GOARCH)
	out := filepath.Join(work, "out")
	if err := p.run(ctx, tool.path, src, out); err != nil {
		return err
	}
	if err := os.Rename(out, bin); err != nil {
		return fmt.Errorf("keeping %s: %w", p.Name, err)
	}
	p.Log.Info("built "+p.Name, "took", time.Since(start).Round(100*time.Millisecond))
	return nil
}
