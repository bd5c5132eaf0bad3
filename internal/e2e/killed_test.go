package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/proctest"
)

// goneWithin is how long after its client's end a step may still run.
const goneWithin = 10 * time.Second

// TestKilledClient kills the ci program while it compiles: the step ends, and
// the next run goes on from the steps that were finished.
func TestKilledClient(t *testing.T) {
	needsEmbedded(t)
	ci := compile(t, "./ci")
	app := fmt.Sprintf("killed-%d", time.Now().UnixNano())
	source := filepath.Join(t.TempDir(), app)
	require.NoError(t, os.CopyFS(source, os.DirFS(filepath.Join(repository(t), "examples", "go-api"))))
	// A function that takes long to compile keeps the step running.
	require.NoError(t, os.WriteFile(filepath.Join(source, "slow.go"), slowSource(), 0o644))
	args := []string{"build", "--source", source, "--output", t.TempDir(), "--progress", "plain"}

	cmd := exec.CommandContext(t.Context(), ci, args...)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	waitForLine(t, bufio.NewScanner(stderr), "exec go build")
	require.Eventually(t, func() bool { return len(proctest.Find(t, "/out/"+app)) > 0 }, goneWithin, 10*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	require.Eventually(t, func() bool { return len(proctest.Find(t, "/out/"+app)) == 0 }, goneWithin, 100*time.Millisecond,
		"the step outlives its client")

	require.NoError(t, os.Remove(filepath.Join(source, "slow.go")))
	out := run(t, repository(t), ci, args...)
	require.Regexp(t, `exec go mod download\n#\d+ CACHED`, out)
	require.Contains(t, out, "exec go build")
}

// slowSource is a file with more functions than a compiler gets through in a moment.
func slowSource() []byte {
	var src strings.Builder
	src.WriteString("package main\n\n")
	for i := range 4000 {
		fmt.Fprintf(&src, "func slow%d(m map[string][]int) (n int) {\n\tfor k, v := range m {\n\t\tn += len(k) * v[%d]\n\t}\n\treturn\n}\n\nvar _ = slow%d\n\n", i, i, i)
	}
	return []byte(src.String())
}

func waitForLine(t *testing.T, lines *bufio.Scanner, text string) {
	t.Helper()
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			return
		}
	}
	require.Fail(t, "the program ended without a line that contains "+text)
}
