package golang_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/golang"
)

// connect returns a client on the engine that all tests of this package share.
var connect = sync.OnceValues(func() (*dagger.Client, error) {
	return engine.Connect(context.Background(), engine.WithAddress(os.Getenv("BODKIN_TEST_ENGINE")))
})

func TestMain(m *testing.M) {
	code := m.Run()
	if client, err := connected(); client != nil && err == nil {
		_ = client.Close()
	}
	os.Exit(code)
}

var used bool

// connected returns the client if a test has used it.
func connected() (*dagger.Client, error) {
	if !used {
		return nil, nil
	}
	return connect()
}

func client(t *testing.T) *dagger.Client {
	t.Helper()
	if testing.Short() {
		t.Skip("needs an engine")
	}
	if os.Getenv("BODKIN_TEST_ENGINE") == "" && (runtime.GOOS != "linux" || os.Getuid() != 0) {
		t.Skip("the embedded engine needs Linux and root; set BODKIN_TEST_ENGINE")
	}
	used = true
	c, err := connect()
	require.NoError(t, err)
	return c
}

const hello = `package main

import "fmt"

var version = "none"

func main() { fmt.Println("hello", version) }
`

// source returns a module with a program.
func source(c *dagger.Client, goMod string) *dagger.Directory {
	return c.Directory().
		WithNewFile("go.mod", "module example.com/hello\n\n"+goMod).
		WithNewFile("main.go", hello)
}

func export(t *testing.T, f *dagger.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	_, err := f.Export(context.Background(), path)
	require.NoError(t, err)
	return path
}

func TestBuild(t *testing.T) {
	c, ctx := client(t), context.Background()
	file, err := golang.New(c, source(c, "go 1.26\n"), golang.Options{}).Build(ctx, golang.BuildOptions{Version: "v1.2.3"})
	require.NoError(t, err)
	out, err := exec.Command(export(t, file)).Output()
	require.NoError(t, err)
	require.Equal(t, "hello v1.2.3\n", string(out))
}
