package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
	"github.com/bodkin-ci/bodkin/modules/debian"
	"github.com/bodkin-ci/bodkin/modules/golang"
)

const cgoProgram = `package main

// static int answer(void) { return 42; }
import "C"

import "fmt"

func main() { fmt.Println(int(C.answer())) }
`

// TestCgo builds a program that needs a C compiler on a Debian base, and runs it there.
func TestCgo(t *testing.T) {
	needsEmbedded(t)
	ctx := t.Context()
	dag, err := engine.Connect(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, dag.Close()) }()
	base, err := debian.New(dag, debian.Options{Packages: []string{"gcc", "libc6-dev"}}).Base(ctx)
	require.NoError(t, err)
	source := dag.Directory().
		WithNewFile("go.mod", "module example.com/cgo\n\ngo 1.26\n").
		WithNewFile("main.go", cgoProgram)
	binary, err := golang.New(dag, source, golang.Options{Base: base}).Build(ctx, golang.BuildOptions{CGO: true, Output: "answer"})
	require.NoError(t, err)
	out, err := base.WithFile("/answer", binary).WithExec([]string{"/answer"}).Stdout(ctx)
	require.NoError(t, err)
	require.Equal(t, "42\n", out)
}
