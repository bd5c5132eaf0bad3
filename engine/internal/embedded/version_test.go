package embedded

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDaemonIsTheBuildKitTheClientIsMadeOf(t *testing.T) {
	data, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	var required string
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(strings.TrimPrefix(line, "require ")); len(f) >= 2 && f[0] == buildKitModule {
			required = f[1]
		}
	}
	require.NotEmpty(t, required)
	require.Equal(t, required, buildKitVersion())
}

func TestSupervisorModuleNeedsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the Go command")
	}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./supervisor").CombinedOutput()
	require.NoError(t, err, string(out))
	for path := range strings.FieldsSeq(string(out)) {
		require.Contains(t, path, "/engine/internal/embedded/")
	}
}
