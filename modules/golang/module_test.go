package golang

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseModuleErrors(t *testing.T) {
	_, err := parseModule("api/go.mod", "go 1.26\n")
	require.EqualError(t, err, "reading api/go.mod: it has no module line")
	_, err = parseModule("api/go.mod", "module a b c\n")
	require.ErrorContains(t, err, "reading api/go.mod: ")
}

func TestNotModuleError(t *testing.T) {
	require.EqualError(t, &NotModuleError{Path: "."}, "the source folder is not a Go module: it has no go.mod (it is empty)")
	require.EqualError(t, &NotModuleError{"web", []string{"package.json", "src"}},
		"folder web of the source is not a Go module: it has no go.mod (it holds package.json, src)")
	require.EqualError(t, &NotModuleError{"web", []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}},
		"folder web of the source is not a Go module: it has no go.mod (it holds 1, 2, 3, 4, 5, 6, 7, 8, …)")
}

func TestProgramNames(t *testing.T) {
	for _, c := range [][3]string{
		{"example.com/hello", ".", "hello"},
		{"example.com/hello", "./", "hello"},
		{"example.com/hello/v2", ".", "hello"},
		{"hello", ".", "hello"},
		{"example.com/hello", "./cmd/api", "api"},
		{"example.com/hello", "example.com/other/cmd/tool/v3", "tool"},
	} {
		require.Equal(t, c[2], description{path: c[0]}.programName(c[1]), "%v", c)
	}
}

func TestContradictions(t *testing.T) {
	require.NoError(t, Options{Path: "."}.check())
	require.ErrorContains(t, Options{Image: "golang:1.26", Version: "1.26.8"}.check(), "set Image or Version")
	for _, path := range []string{"/abs", "..", "../other"} {
		require.ErrorContains(t, Options{Path: path}.check(), "is not within the source")
	}
}
