// Package progress shows what the engine does while it does it, and counts it.
// Start with New.
package progress

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
)

// Display shows the engine's progress and the program's log lines on one
// output, without one getting into the other.
type Display struct {
	Tally Tally
	Busy  Busy

	mode   Mode
	screen *screen

	mu     sync.Mutex
	closed bool
	status chan *client.SolveStatus // nil until the first update
	ended  chan struct{}
}

// New returns a display on out, usually standard error. mode must be resolved.
func New(out *os.File, mode Mode) *Display {
	return &Display{mode: mode, screen: &screen{file: out}}
}

// Update shows and counts an update from the engine. The display starts with
// the first one, so that until then log lines appear as they are. Updates after
// Close, from work that was given up, are dropped.
func (d *Display) Update(status *client.SolveStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.Tally.Add(status)
	d.Busy.Add(status)
	if d.status == nil {
		d.run()
	}
	d.status <- status
}

// Log is where log lines go.
func (d *Display) Log() io.Writer { return heardWriter{&d.Busy, logWriter{d.screen}} }

// heardWriter notes that a line is a sign of life.
type heardWriter struct {
	busy *Busy
	logWriter
}

func (w heardWriter) Write(p []byte) (int, error) {
	w.busy.Hear()
	return w.logWriter.Write(p)
}

// Suspend keeps everything from the output until resume is called: then comes what
// was to be shown meanwhile.
func (d *Display) Suspend() (resume func()) {
	d.screen.pause()
	return d.screen.resume
}

// Restore gives the terminal back in a hurry: it shows the cursor and does not
// wait for anything.
func (d *Display) Restore() {
	if d.mode == TTY {
		_, _ = io.WriteString(d.screen.file, showCursor)
	}
}

// Close shows the last state and ends the display. Log lines may still come.
func (d *Display) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	if d.status != nil {
		close(d.status)
		<-d.ended
	}
}

var displayModes = map[Mode]progressui.DisplayMode{
	TTY:   progressui.TtyMode,
	Plain: progressui.PlainMode,
	JSON:  progressui.RawJSONMode,
}

func (d *Display) run() {
	d.status = make(chan *client.SolveStatus, 64)
	d.ended = make(chan struct{})
	var out io.Writer = plainWriter{d.screen}
	if d.mode == TTY {
		out = ttyWriter{plainWriter{d.screen}}
	}
	ui, err := progressui.NewDisplay(out, displayModes[d.mode])
	if err != nil { // the terminal went away meanwhile
		fmt.Fprintln(d.screen.file, "progress is not shown:", err)
		ui, _ = progressui.NewDisplay(io.Discard, progressui.QuietMode)
	}
	go func() {
		defer close(d.ended)
		_, _ = ui.UpdateFrom(context.Background(), d.status)
		d.screen.finish()
	}()
}
