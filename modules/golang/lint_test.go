package golang

import (
	"testing"

	"dagger.io/dagger"
	"github.com/stretchr/testify/require"
)

func TestLintCommands(t *testing.T) {
	const pkg = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@"
	for version, opts := range map[string]LintOptions{
		DefaultLintVersion: {},
		"v2.1.0":           {Version: "v2.1.0"},
	} {
		args := opts.install()
		require.Equal(t, pkg+version, args[len(args)-1])
	}
	require.Equal(t, []string{"/lint", "run", "--allow-parallel-runners", "--fast-only"}, LintOptions{Args: []string{"--fast-only"}}.command("/lint"))
}

func TestLintOptionsThatContradict(t *testing.T) {
	err := New(nil, nil, Options{}).Lint(t.Context(), LintOptions{Binary: new(dagger.File), Version: "v2.1.0"})
	require.ErrorContains(t, err, "set Binary or Version")
}
