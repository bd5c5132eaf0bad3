package gobuild_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/charmbracelet/log"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/gobuild"
)

const goMod = "module example.test/hello\n\ngo 1.24\n"

func hello(t *testing.T, body string) gobuild.Program {
	t.Helper()
	return gobuild.Program{
		Name: "hello",
		Files: fstest.MapFS{
			"go.mod.txt":     {Data: []byte(goMod)},
			"main.go":        {Data: []byte("package main\n\nvar version = \"none\"\n\nfunc main() { println(say()) }\n")},
			"say.go.txt":     {Data: []byte("package main\n\nfunc say() string { return " + body + " }\n")},
			"broken_test.go": {Data: []byte("package main\n\nnot Go at all\n")},
		},
	}
}

func needsCompiling(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	t.Setenv(cachedir.EnvVar, t.TempDir())
}

func TestBuildRunsTheProgram(t *testing.T) {
	needsCompiling(t)
	p := hello(t, `"hello " + version`)
	p.LDFlags = "-X main.version=v1"
	bin, err := gobuild.Build(context.Background(), p)
	require.NoError(t, err)
	out, err := exec.Command(bin).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "hello v1\n", string(out))
	require.NoDirExists(t, filepath.Join(filepath.Dir(bin), ".hello.tmp"))
}

func TestBuildIgnoresSettingsThatChangeTheResult(t *testing.T) {
	needsCompiling(t)
	ctx := context.Background()
	first, err := gobuild.Build(ctx, hello(t, `"same"`))
	require.NoError(t, err)
	want, err := os.ReadFile(first)
	require.NoError(t, err)

	t.Setenv(cachedir.EnvVar, t.TempDir())
	t.Setenv("GOFLAGS", "-mod=vendor -tags=none")
	t.Setenv("GOAMD64", "v3")
	t.Setenv("GOWORK", filepath.Join(t.TempDir(), "go.work"))
	second, err := gobuild.Build(ctx, hello(t, `"same"`))
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	got, err := os.ReadFile(second)
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "two builds in two folders differ")
}

func TestBuildAgainStartsNoProcess(t *testing.T) {
	needsCompiling(t)
	ctx := context.Background()
	first, err := gobuild.Build(ctx, hello(t, `"once"`))
	require.NoError(t, err)
	noGo := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(noGo, "go"), []byte("not a program"), 0o700))
	t.Setenv("PATH", noGo)
	second, err := gobuild.Build(ctx, hello(t, `"once"`))
	require.NoError(t, err)
	require.Equal(t, first, second)
	_, err = gobuild.Build(ctx, hello(t, `"changed"`))
	var refused *gobuild.ToolchainError
	require.ErrorAs(t, err, &refused)
}

func TestBuildSideBySideCompilesOnce(t *testing.T) {
	needsCompiling(t)
	var lines strings.Builder
	logger := log.New(&lines)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			p := hello(t, `"together"`)
			p.Log = logger
			_, err := gobuild.Build(context.Background(), p)
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, 1, strings.Count(lines.String(), "built hello"), lines.String())
}

func TestBuildForAnotherPlatform(t *testing.T) {
	needsCompiling(t)
	p := hello(t, `"there"`)
	p.GOOS, p.GOARCH = "linux", map[string]string{"arm64": "amd64"}[runtime.GOARCH]
	if p.GOARCH == "" {
		p.GOARCH = "arm64"
	}
	bin, err := gobuild.Build(context.Background(), p)
	require.NoError(t, err)
	p.GOARCH = runtime.GOARCH
	here, err := gobuild.Build(context.Background(), p)
	require.NoError(t, err)
	require.NotEqual(t, bin, here)
}

func TestBuildShowsTheCompilersLines(t *testing.T) {
	needsCompiling(t)
	_, err := gobuild.Build(context.Background(), hello(t, "missing"))
	var failed *gobuild.CompileError
	require.True(t, errors.As(err, &failed), "%v", err)
	require.Equal(t, "hello", failed.Name)
	require.Contains(t, failed.Output, "say.go:3:28: undefined: missing")
	require.Contains(t, err.Error(), failed.Output)
	left, globErr := filepath.Glob(filepath.Join(os.Getenv(cachedir.EnvVar), "bin", "hello*"))
	require.NoError(t, globErr)
	require.Empty(t, left)
}

func TestBuildCancelled(t *testing.T) {
	needsCompiling(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := gobuild.Build(ctx, hello(t, `"never"`))
	require.ErrorIs(t, err, context.Canceled)
}
