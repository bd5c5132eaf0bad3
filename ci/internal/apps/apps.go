// Package apps finds the applications a pipeline works on. Start with Under,
// or with At for a single folder.
package apps

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind says how an application is built.
type Kind string

const (
	Go   Kind = "go"   // a Go module
	Rust Kind = "rust" // a Rust package, or a workspace of some
)

// manifests are the files at an application's root and the kinds they declare.
// The first that is there counts.
var manifests = []struct {
	file string
	kind Kind
}{
	{"go.mod", Go},
	{"Cargo.toml", Rust},
}

// App is one application.
type App struct {
	Name string // its folder's name, also its name in the output folder
	Kind Kind
	Dir  string // absolute path of its folder
}

// At returns the application in dir. The error is an *Error where dir is
// missing, is no folder, or holds no application.
func At(dir string) (App, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return App{}, fmt.Errorf("finding folder %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	switch {
	case os.IsNotExist(err):
		return App{}, &Error{Dir: abs, Problem: "there is no such folder", Advice: "check the path for typing errors"}
	case err != nil:
		return App{}, &Error{Dir: abs, Problem: err.Error(), Advice: "check who may read this folder"}
	case !info.IsDir():
		return App{}, &Error{Dir: abs, Problem: "this is a file, not a folder", Advice: "name the folder that holds its go.mod or Cargo.toml"}
	}
	app, ok := detect(abs)
	if !ok {
		return App{}, &Error{Dir: abs, Problem: "neither a Go module nor a Rust package: it has no go.mod or Cargo.toml", Advice: "name the folder that holds one, or run `go mod init` or `cargo init` there"}
	}
	return app, nil
}

// Under returns the applications in the folders directly below dir, by name.
// The error is an *Error where there is none.
func Under(dir string) ([]App, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding folder %s: %w", dir, err)
	}
	entries, err := os.ReadDir(abs)
	if err != nil && !os.IsNotExist(err) {
		return nil, &Error{Dir: abs, Problem: err.Error(), Advice: "check who may read this folder"}
	}
	var found []App
	for _, entry := range entries {
		if app, ok := detect(filepath.Join(abs, entry.Name())); ok {
			found = append(found, app)
		}
	}
	if len(found) == 0 {
		return nil, &Error{Dir: abs, Problem: "no applications here (folders with a go.mod or Cargo.toml)", Advice: "run this from the repository's root, or name an application with --source DIR"}
	}
	return found, nil
}

// Select returns the applications with the given names, in the order of all;
// every application where no names are given.
func Select(all []App, names []string) ([]App, error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, app := range all {
		known = append(known, app.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no application %q; there is: %s", name, strings.Join(known, ", "))
		}
	}
	var selected []App
	for _, app := range all {
		if slices.Contains(names, app.Name) {
			selected = append(selected, app)
		}
	}
	return selected, nil
}

func detect(dir string) (App, bool) {
	for _, manifest := range manifests {
		if info, err := os.Stat(filepath.Join(dir, manifest.file)); err == nil && info.Mode().IsRegular() {
			return App{Name: filepath.Base(dir), Kind: manifest.kind, Dir: dir}, true
		}
	}
	return App{}, false
}

// Error says why a folder cannot be worked on, and what to do about it.
type Error struct {
	Dir     string
	Problem string
	Advice  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s; %s", e.Dir, e.Problem, e.Advice)
}
