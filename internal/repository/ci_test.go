package repository

import (
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	ciOnce   sync.Once
	ciBinary string
	ciErr    error
)

// ci runs the ci program at the repository's root and returns what it prints.
func ci(t *testing.T, args ...string) string {
	t.Helper()
	ciOnce.Do(func() {
		ciBinary = filepath.Join(binaries, "ci")
		out, err := exec.Command("go", "build", "-o", ciBinary, root+"/ci").CombinedOutput()
		if err != nil {
			ciErr = &buildError{string(out)}
		}
	})
	require.NoError(t, ciErr)
	cmd := exec.Command(ciBinary, args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "ci %v: %s", args, out)
	return string(out)
}

type buildError struct{ output string }

func (e *buildError) Error() string { return "building ci: " + e.output }
