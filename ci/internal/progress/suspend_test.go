package progress_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"github.com/tonistiigi/vt100"

	"github.com/bodkin-ci/bodkin/ci/internal/progress"
)

// interrupt feeds a display what happens while somebody else has the output.
func interrupt(t *testing.T, mode progress.Mode, out *os.File) {
	t.Helper()
	d := progress.New(out, mode)
	d.Update(vertex("download", "done"))
	d.Update(vertex("compile", ""))
	resume := d.Suspend()
	fmt.Fprintln(out, "\r\n$ looking around")
	d.Update(output("compile", "said meanwhile\n"))
	fmt.Fprintln(d.Log(), "logged meanwhile")
	for i := range 5 {
		d.Update(vertex(fmt.Sprint("more ", i), "done"))
	}
	fmt.Fprintln(out, "\r$ exit")
	resume()
	d.Update(vertex("compile", "done"))
	d.Close()
}

func TestSuspendedPlainProgressIsShownLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	out, err := os.Create(path)
	require.NoError(t, err)
	interrupt(t, progress.Plain, out)
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(written), "$ looking around\n")
	require.True(t, found)
	during, after, found := strings.Cut(rest, "$ exit\n")
	require.True(t, found)
	require.NotContains(t, before, "meanwhile")
	require.Equal(t, "\r", during)
	for _, text := range []string{"said meanwhile", "logged meanwhile", "more 4"} {
		require.Contains(t, after, text)
	}
}

func TestSuspendedTerminalProgressLeavesWhatOthersWrote(t *testing.T) {
	keyboard, out, err := pty.Open()
	require.NoError(t, err)
	defer keyboard.Close()
	require.NoError(t, pty.Setsize(out, &pty.Winsize{Cols: 80, Rows: 40}))
	screen := vt100.NewVT100(40, 100) // wider: it wraps a line that is full, terminals do not
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		_, _ = io.Copy(screen, keyboard)
	}()
	interrupt(t, progress.TTY, out)
	require.NoError(t, out.Close())
	<-drawn
	var lines []string
	for _, line := range screen.Content {
		lines = append(lines, strings.TrimRight(string(line), " "))
	}
	text := strings.Join(lines, "\n")
	looking, exit, logged := strings.Index(text, "$ looking around"), strings.Index(text, "$ exit"), strings.Index(text, "logged meanwhile")
	require.True(t, 0 <= looking && looking < exit && exit < logged, text)
	require.Contains(t, text[logged:], "=> compile")
	require.Contains(t, text[logged:], "=> more 4")
}
