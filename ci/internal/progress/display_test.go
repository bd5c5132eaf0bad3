package progress_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/console"
	"github.com/moby/buildkit/client"
	digest "github.com/opencontainers/go-digest"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/vt100"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
)

// started is when all vertices started.
var started = time.Now().Add(-time.Second)

// vertex returns an update about a vertex: running, or ended in the given way.
func vertex(name, end string) *client.SolveStatus {
	v := &client.Vertex{Digest: digest.FromString(name), Name: name, Inputs: []digest.Digest{"sha256:input"}}
	v.Started = &started
	if end != "" {
		now := time.Now()
		v.Completed = &now
	}
	switch end {
	case "cached":
		v.Cached = true
	case "failed":
		v.Error = "exit code: 7"
	}
	return &client.SolveStatus{Vertexes: []*client.Vertex{v}}
}

func output(name, text string) *client.SolveStatus {
	return &client.SolveStatus{Logs: []*client.VertexLog{{Vertex: digest.FromString(name), Data: []byte(text), Timestamp: time.Now()}}}
}

// show feeds a display what a failing build would and returns what is on out's
// screen.
func show(t *testing.T, mode progress.Mode, out *os.File) {
	t.Helper()
	d := progress.New(out, mode)
	fmt.Fprintln(d.Log(), `{"msg":"before"}`)
	d.Update(vertex("download", "cached"))
	d.Update(vertex("compile", ""))
	d.Update(output("compile", "undefined: x\n"))
	fmt.Fprintln(d.Log(), `{"msg":"between"}`)
	d.Update(vertex("compile", "failed"))
	d.Close()
	d.Update(vertex("late", "done"))
	fmt.Fprintln(d.Log(), `{"msg":"after"}`)
	d.Close()
}

func TestPlain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	require.NoError(t, err)
	show(t, progress.Plain, out)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	text := string(written)
	require.Contains(t, text, "#1 download\n#1 CACHED\n")
	require.Contains(t, text, "#2 ERROR: exit code: 7\n")
	require.Equal(t, 1, strings.Count(text, "undefined: x"), "output is shown once:\n%s", text)
	require.NotContains(t, text, "late")
	require.True(t, strings.HasSuffix(text, "\n{\"msg\":\"after\"}\n"), text)
	for line := range strings.Lines(text) {
		require.True(t, strings.HasPrefix(line, "#") || strings.HasPrefix(line, "{") || line == "\n", "a line of its own: %q", line)
	}
}

func TestJSONIsAnObjectALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	require.NoError(t, err)
	show(t, progress.JSON, out)
	written, err := os.Open(path)
	require.NoError(t, err)
	defer written.Close()
	keys := map[string]int{}
	for lines := bufio.NewScanner(written); lines.Scan(); {
		var object map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &object), lines.Text())
		for key := range object {
			keys[key]++
		}
	}
	require.Equal(t, map[string]int{"msg": 3, "vertexes": 3, "logs": 1}, keys)
}

func TestTerminal(t *testing.T) {
	master, slave, err := console.NewPty()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	defer master.Close()
	require.NoError(t, master.Resize(console.WinSize{Width: 80, Height: 24}))
	out, err := os.OpenFile(slave, os.O_RDWR, 0)
	require.NoError(t, err)
	screen := vt100.NewVT100(24, 100) // wider: it wraps a line that is full, terminals do not
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		_, _ = io.Copy(screen, master)
	}()
	show(t, progress.TTY, out)
	require.NoError(t, out.Close())
	<-drawn

	var lines []string
	for _, line := range screen.Content {
		if text := strings.TrimSpace(string(line)); text != "" {
			lines = append(lines, text)
		}
	}
	require.Len(t, lines, 6, "%q", lines)
	require.Equal(t, []string{`{"msg":"before"}`, `{"msg":"between"}`}, lines[:2], "log lines are above the frame")
	require.Regexp(t, `^\[\+\] Building .* \(2/2\) FINISHED$`, lines[2])
	require.Regexp(t, `^=> CACHED download `, lines[3])
	require.Regexp(t, `^=> ERROR compile `, lines[4])
	require.Equal(t, `{"msg":"after"}`, lines[5])
}

func TestNothingHappened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	require.NoError(t, err)
	progress.New(out, progress.Plain).Close()
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, written)
}

func TestResolve(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	for mode, want := range map[progress.Mode]progress.Mode{"": progress.Plain, progress.Auto: progress.Plain, progress.Plain: progress.Plain, progress.JSON: progress.JSON} {
		got, err := mode.Resolve(file)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err = progress.TTY.Resolve(file)
	require.ErrorIs(t, err, progress.ErrNoTerminal)
	_, err = progress.Mode("loud").Resolve(file)
	require.ErrorContains(t, err, `"loud"`)
}

func TestAutoOnATerminal(t *testing.T) {
	master, slave, err := console.NewPty()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	defer master.Close()
	terminal, err := os.OpenFile(slave, os.O_RDWR, 0)
	require.NoError(t, err)
	defer terminal.Close()
	for _, c := range []struct {
		ci, term string
		want     progress.Mode
	}{
		{"", "xterm", progress.TTY},
		{"false", "xterm", progress.TTY},
		{"true", "xterm", progress.Plain},
		{"", "dumb", progress.Plain},
	} {
		t.Setenv("CI", c.ci)
		t.Setenv("TERM", c.term)
		got, err := progress.Auto.Resolve(terminal)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%+v", c)
	}
}
