// Package starter writes the beginning of a pipeline into a repository that has
// none: ci/main.go in a module of its own, which a workspace joins, so that the
// application's modules stay as they are. Start with Write.
package starter

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bodkin-ci/bodkin/ci/internal/apps"
)

// Module is Bodkin's own module.
const Module = "github.com/bodkin-ci/bodkin"

//go:embed files
var files embed.FS

var programs = map[apps.Kind]string{apps.Go: "files/go.txt", apps.Rust: "files/rust.txt"}

// VendorError says that a repository vendors its modules.
type VendorError struct{ Dir string }

func (e *VendorError) Error() string {
	return e.Dir + ": a workspace, which `go run ./ci` needs, takes no vendored modules; remove the folder vendor, or put the pipeline into a repository of its own"
}

// Exists reports whether there is a pipeline in dir.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "ci", "main.go"))
	return err == nil
}

// Write puts a pipeline for the application at dir there and returns the files that it
// has written or changed, relative to dir. bodkin is the version of Bodkin that
// it uses, or the path of a folder that holds Bodkin's source. It asks the Go command
// to find out which other modules that needs.
func Write(ctx context.Context, dir, bodkin string) (wrote []string, err error) {
	app, err := apps.At(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, "vendor", "modules.txt")); err == nil {
		return nil, &VendorError{dir}
	}
	program, err := files.ReadFile(programs[app.Kind])
	if err != nil {
		return nil, fmt.Errorf("starting a pipeline: %w", err)
	}
	mod, err := goMod(bodkin)
	if err != nil {
		return nil, err
	}
	for name, content := range map[string]string{"main.go": string(program), "go.mod": mod} {
		path := filepath.Join(dir, "ci", name)
		if err := create(path, []byte(content)); err != nil {
			return nil, err
		}
	}
	wrote = []string{"ci/main.go", "ci/go.mod", "ci/go.sum", "go.work"}
	if err := run(ctx, filepath.Join(dir, "ci"), "GOWORK=off", "mod", "tidy"); err != nil {
		return wrote[:2], err
	}
	return wrote, join(ctx, dir, app.Kind)
}

// goMod is the pipeline's go.mod, before the Go command completes it.
func goMod(bodkin string) (string, error) {
	version, replace := bodkin, ""
	if !strings.HasPrefix(bodkin, "v") {
		abs, err := filepath.Abs(bodkin)
		if err != nil {
			return "", fmt.Errorf("finding folder %s: %w", bodkin, err)
		}
		if _, err := os.Stat(filepath.Join(abs, "go.mod")); err != nil {
			return "", fmt.Errorf("%s is neither a version of Bodkin, such as v1.2.3, nor a folder with its source", bodkin)
		}
		version, replace = "v0.0.0", fmt.Sprintf("\nreplace %s => %s\n", Module, abs)
	}
	return fmt.Sprintf("module ci\n\ngo 1.26.0\n\nrequire %s %s\n%s", Module, version, replace), nil
}

// join puts the pipeline's module into the repository's workspace.
func join(ctx context.Context, dir string, kind apps.Kind) error {
	modules := []string{"./ci"}
	if kind == apps.Go {
		modules = append(modules, ".")
	}
	verb := "use"
	if _, err := os.Stat(filepath.Join(dir, "go.work")); errors.Is(err, fs.ErrNotExist) {
		verb = "init"
	}
	return run(ctx, dir, "GOWORK=", append([]string{"work", verb}, modules...)...)
}

// create writes a file that is not there yet.
func create(path string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
