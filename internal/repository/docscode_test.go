package repository

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// known are the packages that code in documents may use without an import.
var known = map[string]string{
	"context":  "context",
	"dagger":   "dagger.io/dagger",
	"engine":   modulePath + "/engine",
	"exec":     "os/exec",
	"os":       "os",
	"golang":   modulePath + "/modules/golang",
	"rust":     modulePath + "/modules/rust",
	"debian":   modulePath + "/modules/debian",
	"postgres": modulePath + "/modules/postgres",
	"redis":    modulePath + "/modules/redis",
}

// Go code in documents compiles: whole files as they are, functions with the
// imports that they need.
func TestGoCodeInDocumentsCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	overlay := map[string][]byte{}
	var patterns []string
	for _, page := range documents(t) {
		for _, block := range fence.FindAllStringSubmatch(read(t, page), -1) {
			if block[1] != "go" {
				continue
			}
			folder := fmt.Sprintf("snippet%d", len(patterns))
			file, err := filepath.Abs(filepath.Join(folder, "code.go"))
			require.NoError(t, err)
			overlay[file] = []byte(asFile(block[2]) + "\n// from " + page + "\n")
			patterns = append(patterns, "./"+folder)
		}
	}
	require.NotEmpty(t, patterns)
	mode := packages.NeedName | packages.NeedTypes | packages.NeedSyntax | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile
	loaded, err := packages.Load(&packages.Config{Mode: mode, Overlay: overlay}, patterns...)
	require.NoError(t, err)
	require.Len(t, loaded, len(patterns))
	for _, pkg := range loaded {
		require.Empty(t, pkg.Errors, "%s", pkg.PkgPath)
	}
}

// asFile makes a file of a snippet.
func asFile(snippet string) string {
	if strings.HasPrefix(snippet, "package ") {
		return snippet
	}
	var imports strings.Builder
	for name, path := range known {
		if regexp.MustCompile(`\b` + name + `\.`).MatchString(snippet) {
			fmt.Fprintf(&imports, "import %q\n", path)
		}
	}
	return "package snippet\n\n" + imports.String() + "\n" + snippet
}
