// Command apidoc writes docs/api.md: which part of the Dagger API is served, made
// from the schema and from the Dagger SDK for Go, which knows all of it. Run it with
// go generate ./engine/internal/api; it starts with Page.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: apidoc FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "apidoc:", err)
		os.Exit(1)
	}
}

func write(path string) error {
	page, err := Page()
	if err != nil {
		return err
	}
	next := path + ".tmp"
	if err := os.WriteFile(next, []byte(page), 0o644); err != nil {
		return err
	}
	return os.Rename(next, path)
}

// Page is the content of docs/api.md.
func Page() (string, error) {
	sdk, err := moduleDir("dagger.io/dagger")
	if err != nil {
		return "", err
	}
	known, err := readSDK(filepath.Join(sdk, "dagger.gen.go"))
	if err != nil {
		return "", err
	}
	api, err := moduleDir("github.com/bodkin-ci/bodkin")
	if err != nil {
		return "", err
	}
	served, err := readServed(filepath.Join(api, "engine", "internal", "api"))
	if err != nil {
		return "", err
	}
	return compare(known, served).page(), nil
}

func moduleDir(module string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return "", fmt.Errorf("looking for the sources of %s: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}
