package golang

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// NotModuleError says that a folder holds no Go module.
type NotModuleError struct {
	Path    string   // the folder within the source
	Entries []string // what the folder holds instead
}

func (e *NotModuleError) Error() string {
	holds := "it is empty"
	if len(e.Entries) > 0 {
		const shown = 8
		holds = "it holds " + strings.Join(e.Entries[:min(shown, len(e.Entries))], ", ")
		if len(e.Entries) > shown {
			holds += ", …"
		}
	}
	where := "the source folder"
	if e.Path != "." {
		where = "folder " + e.Path + " of the source"
	}
	return fmt.Sprintf("%s is not a Go module: it has no go.mod (%s)", where, holds)
}

// description is what a module's files say of it.
type description struct {
	path     string // the module's path, such as example.com/hello
	version  string // the Go version asked for, such as "1.26.8"; "" for none
	vendored bool   // its dependencies are in its vendor folder
}

// describe reads the module's files.
func (g *Golang) describe(ctx context.Context) (description, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.read != nil {
		return *g.read, nil
	}
	d, err := g.readModule(ctx)
	if err != nil {
		return description{}, err
	}
	g.read = &d
	return d, nil
}

func (g *Golang) readModule(ctx context.Context) (description, error) {
	if err := g.opts.check(); err != nil {
		return description{}, err
	}
	entries, err := g.entries(ctx, g.opts.Path)
	if err != nil {
		return description{}, err
	}
	if !slices.Contains(entries, "go.mod") {
		return description{}, &NotModuleError{g.opts.Path, entries}
	}
	name := path.Join(g.opts.Path, "go.mod")
	content, err := g.source.File(name).Contents(ctx)
	if err != nil {
		return description{}, fmt.Errorf("reading %s: %w", name, err)
	}
	d, err := parseModule(name, content)
	if err != nil {
		return description{}, err
	}
	d.vendored = slices.Contains(entries, "vendor")
	return g.addWorkspace(ctx, d, entries)
}

// addWorkspace adds what the source's go.work says, if there is one.
func (g *Golang) addWorkspace(ctx context.Context, d description, entries []string) (description, error) {
	var err error
	if g.opts.Path != "." {
		if entries, err = g.entries(ctx, "."); err != nil {
			return d, err
		}
	}
	if !slices.Contains(entries, "go.work") {
		return d, nil
	}
	content, err := g.source.File("go.work").Contents(ctx)
	if err != nil {
		return d, fmt.Errorf("reading go.work: %w", err)
	}
	work, err := modfile.ParseWork("go.work", []byte(content), nil)
	if err != nil {
		return d, fmt.Errorf("reading go.work: %w", err)
	}
	d.version = newer(d.version, requested(work.Go, work.Toolchain))
	d.vendored = slices.Contains(entries, "vendor")
	return d, nil
}

// entries returns the names in a folder of the source, without the slash that
// marks folders.
func (g *Golang) entries(ctx context.Context, dir string) ([]string, error) {
	d := g.source
	if dir != "." {
		d = d.Directory(dir)
	}
	entries, err := d.Entries(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing folder %s of the source: %w", dir, err)
	}
	for i, entry := range entries {
		entries[i] = strings.TrimSuffix(entry, "/")
	}
	return entries, nil
}

// parseModule reads a go.mod file.
func parseModule(name, content string) (description, error) {
	file, err := modfile.Parse(name, []byte(content), nil)
	if err != nil {
		// A newer Go may know directives that are of no concern here.
		file, err = modfile.ParseLax(name, []byte(content), nil)
	}
	if err != nil {
		return description{}, fmt.Errorf("reading %s: %w", name, err)
	}
	if file.Module == nil {
		return description{}, fmt.Errorf("reading %s: it has no module line", name)
	}
	return description{path: file.Module.Mod.Path, version: requested(file.Go, file.Toolchain)}, nil
}

// programName returns the name that `go build` gives to the program in pkg, a
// package of the module.
func (d description) programName(pkg string) string {
	name := pkg
	if path.Clean(pkg) == "." {
		name = d.path
	}
	prefix, _, ok := module.SplitPathVersion(name)
	if ok && prefix != "" {
		name = prefix
	}
	return path.Base(name)
}
