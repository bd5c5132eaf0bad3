package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPageIsFresh(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	page, err := Page()
	require.NoError(t, err)
	kept, err := os.ReadFile("../../../docs/api.md")
	require.NoError(t, err)
	require.Equal(t, page, string(kept), "docs/api.md is stale: run `go generate ./engine/internal/api`")
}

// What is compared is the whole API: a field, an option and a refusal of each kind.
func TestComparison(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go compiler")
	}
	page, err := Page()
	require.NoError(t, err)
	for _, row := range []string{
		"\n| `entries` | yes | `path` |",
		"\n| `withExec` | yes | `useEntrypoint` `stdin` ",
		"| `experimentalPrivilegedNesting`: the session has no address within containers |\n",
		"\n| `experimentalWithGPU` | no: BuildKit gives GPUs by entitlements of its own |",
		"\nNot in scope: `asModule` `asModuleSource`.\n",
	} {
		require.Contains(t, page, row)
	}
	require.NotContains(t, page, "yes | `experimentalPrivilegedNesting`")
}
