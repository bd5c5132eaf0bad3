package progress

import (
	"bytes"
	"os"
	"strings"
	"sync"
)

// What the display writes around each of its frames on a terminal, and before
// the logs of failed vertices when it ends.
const (
	showCursor  = "\x1b[?25h"
	eraseBelow  = "\x1b[0J"
	cursorUp    = "\x1b[1A"
	failureMark = "------\n"
)

// screen is an output that the display and the log share. On a terminal the
// display redraws its frame in place: log lines wait for the next frame and go
// above it. What the display writes about failed vertices at its end is
// left out: a failure is reported once, by whoever reports the step's error.
type screen struct {
	file *os.File

	mu      sync.Mutex
	live    bool         // frames are being drawn
	drawing bool         // a frame is under way
	frame   bytes.Buffer // the frame under way
	waiting bytes.Buffer // log lines for the next frame
	within  []byte       // log lines that are part of the frame under way
	partial bool         // the output's last line is not complete
	muted   bool         // the display has nothing more to say
	paused  bool         // somebody else has the output
	resumed bool         // what was drawn last may have scrolled away
}

// pause keeps everything until resume: frames are dropped, as there will be others.
// Log lines that wait are shown first, for they may say who gets the output.
func (s *screen) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush(&s.waiting)
	s.paused = true
}

func (s *screen) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused, s.partial = false, false
	if s.live {
		s.resumed = true
		return
	}
	s.flush(&s.frame)
	s.flush(&s.waiting)
}

// finish writes what is still waiting. Log lines are written at once from now on.
func (s *screen) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live, s.muted, s.paused = false, true, false
	s.flush(&s.frame)
	s.flush(&s.waiting)
}

// drop forgets the frame under way, but not the log lines in it.
func (s *screen) drop() {
	s.frame.Reset()
	later := bytes.Clone(s.waiting.Bytes())
	s.waiting.Reset()
	s.waiting.Write(s.within)
	s.waiting.Write(later)
	s.resumed = true
}

func (s *screen) flush(b *bytes.Buffer) {
	if b.Len() == 0 {
		return
	}
	p := b.Bytes()
	_, _ = s.file.Write(p)
	s.partial = p[len(p)-1] != '\n'
	b.Reset()
}

// logWriter writes log lines to the screen.
type logWriter struct{ *screen }

func (w logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting.Write(p)
	if w.live || w.paused {
		return len(p), nil
	}
	if w.partial {
		_, _ = w.file.WriteString("\n")
	}
	w.flush(&w.waiting)
	return len(p), nil
}

// plainWriter writes the display's lines to the screen.
type plainWriter struct{ *screen }

func (w plainWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mutes(p) {
		return len(p), nil
	}
	w.frame.Write(p)
	if !w.paused {
		w.flush(&w.frame)
	}
	return len(p), nil
}

func (s *screen) mutes(p []byte) bool {
	s.muted = s.muted || string(p) == failureMark
	return s.muted
}

// ttyWriter collects the display's frames and draws each in one write. It is a
// file to the display, which asks it for the terminal's size.
type ttyWriter struct{ plainWriter }

func (w ttyWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mutes(p) {
		return len(p), nil
	}
	if !w.drawing && w.resumed && !w.paused { // make room for the cursor to go up
		w.resumed = false
		w.frame.WriteString(strings.Repeat("\n", bytes.Count(p, []byte(cursorUp))))
	}
	w.frame.Write(p)
	if !w.drawing { // the cursor went up to where the frame begins
		w.drawing, w.live = true, true
		if w.waiting.Len() > 0 && !w.paused {
			w.frame.WriteString(eraseBelow)
			w.within = bytes.Clone(w.waiting.Bytes())
			_, _ = w.waiting.WriteTo(&w.frame)
		}
	}
	if string(p) == showCursor {
		if w.paused {
			w.drop()
		}
		w.flush(&w.frame)
		w.within = nil
		w.drawing, w.partial = false, false
	}
	return len(p), nil
}

func (w ttyWriter) Read(p []byte) (int, error) { return w.file.Read(p) }
func (w ttyWriter) Close() error               { return nil }
func (w ttyWriter) Fd() uintptr                { return w.file.Fd() }
func (w ttyWriter) Name() string               { return w.file.Name() }
