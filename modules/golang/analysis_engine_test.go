package golang_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/modules/golang"
)

// calling returns a module that uses golang.org/x/mod, at the version that this
// repository has checksums for.
func calling(t *testing.T, c *dagger.Client, call string) *dagger.Directory {
	t.Helper()
	sums, err := os.ReadFile(filepath.FromSlash("../../go.sum"))
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^golang\.org/x/mod (\S+) h1:`).FindSubmatch(sums)
	require.NotNil(t, version)
	return c.Directory().
		WithNewFile("go.mod", "module example.com/app\n\ngo 1.26\n\nrequire golang.org/x/mod "+string(version[1])+"\n").
		WithNewFile("go.sum", string(sums)).
		WithNewFile("main.go", "package main\n\nimport \"golang.org/x/mod/semver\"\n\nfunc main() { "+call+" }\n")
}

func TestVulncheck(t *testing.T) {
	c, ctx := client(t), context.Background()
	opts := golang.VulncheckOptions{DBFiles: c.Host().Directory("testdata/vulndb")}

	err := golang.New(c, calling(t, c, `semver.Compare("v1.0.0", "v1.0.1")`), golang.Options{}).Vulncheck(ctx, opts)
	var vulnerable *golang.VulnerableError
	require.ErrorAs(t, err, &vulnerable)
	require.Contains(t, vulnerable.Report, "Vulnerability #1: GO-2026-9999")
	require.Regexp(t, `main.go:5:29: .* calls semver.Compare`, vulnerable.Report)

	require.NoError(t, golang.New(c, calling(t, c, `semver.IsValid("v1.0.0")`), golang.Options{}).Vulncheck(ctx, opts))
}

func TestVulncheckWithoutDatabase(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := calling(t, c, `semver.IsValid("v1.0.0")`)
	err := golang.New(c, src, golang.Options{}).Vulncheck(ctx, golang.VulncheckOptions{DB: "http://127.0.0.1:1"})
	require.ErrorContains(t, err, "reading the vulnerability database at http://127.0.0.1:1: ")

	err = golang.New(c, src, golang.Options{}).Vulncheck(ctx, golang.VulncheckOptions{DBFiles: c.Directory()})
	require.ErrorContains(t, err, "reading the copy of a vulnerability database: ")
}

func TestLint(t *testing.T) {
	c, ctx := client(t), context.Background()
	src := c.Directory().
		WithNewFile("go.mod", "module example.com/app\n\ngo 1.26\n").
		WithNewFile("sub/app.go", "package sub\n\nfunc unused() {}\n")
	err := golang.New(c, src, golang.Options{}).Lint(ctx, golang.LintOptions{})
	var found *golang.LintError
	require.ErrorAs(t, err, &found)
	require.Contains(t, found.Findings, "sub/app.go:3:6: func unused is unused (unused)")

	// Any program will do: gofmt has another idea of what is asked of it.
	base, err := golang.New(c, src, golang.Options{}).Base(ctx)
	require.NoError(t, err)
	err = golang.New(c, src, golang.Options{}).Lint(ctx, golang.LintOptions{Binary: base.File("/usr/local/go/bin/gofmt")})
	require.ErrorContains(t, err, "linting: ")

	allowed := src.WithNewFile(".golangci.yml", "version: \"2\"\nlinters:\n  disable: [unused]\n")
	require.NoError(t, golang.New(c, allowed, golang.Options{}).Lint(ctx, golang.LintOptions{}))

	wrong := src.WithNewFile(".golangci.yml", "version: \"2\"\nlinters:\n  enable: [nosuchlinter]\n")
	err = golang.New(c, wrong, golang.Options{}).Lint(ctx, golang.LintOptions{})
	var exec *dagger.ExecError
	require.ErrorAs(t, err, &exec)
	require.Contains(t, exec.Stderr, "nosuchlinter")
}
