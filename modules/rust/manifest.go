package rust

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// manifest is what a Cargo.toml says of a package's targets.
type manifest struct {
	Package *struct {
		Name       string
		Version    any    // a string, or where to take it from
		Build      any    // a path, or false
		DefaultRun string `toml:"default-run"`
	}
	Lib     *target
	Bin     []target
	Test    []target
	Bench   []target
	Example []target
}

// target is something that cargo compiles.
type target struct {
	Name, Path string
	Harness    *bool
}

func parseManifest(name, content string) (manifest, error) {
	var m manifest
	if err := toml.Unmarshal([]byte(content), &m); err != nil {
		return manifest{}, fmt.Errorf("reading %s: %w", name, err)
	}
	return m, nil
}

// crate is a package of the source.
type crate struct {
	dir string // relative to the source
	manifest
}

// mainStub and libStub stand in for sources while dependencies are compiled.
const (
	libStub  = "#![allow(warnings)]\n"
	mainStub = libStub + "fn main() {}\n"
)

// stubs returns the files that cargo wants a package to have before it compiles
// what the package depends on; files are those of the source. Files that cargo
// finds by itself are left out where others will do, so that adding one changes
// nothing.
func (c crate) stubs(files map[string]bool) map[string]string {
	stubs := map[string]string{}
	at := func(name string) string { return path.Join(c.dir, name) }
	if c.Package == nil {
		return stubs
	}
	switch lib := at("src/lib.rs"); {
	case c.Lib != nil && c.Lib.Path != "":
		stubs[at(c.Lib.Path)] = libStub
	case c.Lib != nil || files[lib]:
		stubs[lib] = libStub
	}
	if main := at("src/main.rs"); files[main] {
		stubs[main] = mainStub
	}
	for folder, targets := range map[string][]target{"src/bin": c.Bin, "tests": c.Test, "benches": c.Bench, "examples": c.Example} {
		for _, t := range targets {
			stubs[t.file(c.dir, folder, files)] = mainStub
		}
	}
	if run := c.Package.DefaultRun; run != "" {
		stubs[target{Name: run}.file(c.dir, "src/bin", files)] = mainStub
	}
	if len(stubs) == 0 {
		for _, name := range c.programs(files) {
			stubs[target{Name: name}.file(c.dir, "src/bin", files)] = mainStub
		}
	}
	switch build := c.Package.Build.(type) {
	case string:
		stubs[at(build)] = mainStub
	case nil:
		if files[at("build.rs")] {
			stubs[at("build.rs")] = mainStub
		}
	}
	return stubs
}

// file returns where a target's main file is: the given path, or one of the
// places where cargo looks for it.
func (t target) file(dir, folder string, files map[string]bool) string {
	if t.Path != "" {
		return path.Join(dir, t.Path)
	}
	places := []string{path.Join(dir, folder, t.Name+".rs"), path.Join(dir, folder, t.Name, "main.rs")}
	if folder == "src/bin" {
		places = append(places, path.Join(dir, "src/main.rs"))
	}
	for _, place := range places {
		if files[place] {
			return place
		}
	}
	return places[0]
}

// harness says whether a test has Rust's own test program around it.
func (c crate) harness(name string) bool {
	for _, t := range c.Test {
		if t.Name == name && t.Harness != nil {
			return *t.Harness
		}
	}
	return true
}

// programs lists the names of the package's programs.
func (c crate) programs(files map[string]bool) []string {
	var names []string
	if files[path.Join(c.dir, "src/main.rs")] && !c.taken(path.Join(c.dir, "src/main.rs")) {
		names = append(names, c.Package.Name)
	}
	for _, bin := range c.Bin {
		names = append(names, bin.Name)
	}
	folder := path.Join(c.dir, "src/bin") + "/"
	for file := range files {
		name, inside := strings.CutPrefix(file, folder)
		if !inside || c.taken(file) {
			continue
		}
		if base, ok := strings.CutSuffix(name, "/main.rs"); ok {
			name = base
		}
		name = strings.TrimSuffix(name, ".rs")
		if !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// taken says whether a file is that of a program in the manifest.
func (c crate) taken(file string) bool {
	return slices.ContainsFunc(c.Bin, func(bin target) bool { return bin.Path != "" && path.Join(c.dir, bin.Path) == file })
}
