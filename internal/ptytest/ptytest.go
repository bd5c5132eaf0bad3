// Package ptytest sits at a terminal for tests: it types, and waits for what
// appears. Start with New.
package ptytest

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// Patience bounds how long something may take to appear on a screen.
const Patience = 2 * time.Minute

// Screen is a terminal of 80 columns and 24 rows.
type Screen struct {
	TTY *os.File // the side of the programs

	t        testing.TB
	keyboard *os.File

	mu      sync.Mutex
	changed *sync.Cond
	text    string
	seen    int // how much of text was waited for
	ended   bool
}

// New returns a terminal that lasts as long as the test.
func New(t testing.TB) *Screen {
	t.Helper()
	keyboard, tty, err := pty.Open()
	require.NoError(t, err)
	s := &Screen{t: t, keyboard: keyboard, TTY: tty}
	s.changed = sync.NewCond(&s.mu)
	s.Resize(80, 24)
	go s.watch()
	t.Cleanup(func() {
		_ = tty.Close()
		_ = keyboard.Close()
	})
	return s
}

func (s *Screen) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := s.keyboard.Read(buf)
		s.mu.Lock()
		s.text += string(buf[:n])
		s.ended = s.ended || err != nil
		s.changed.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// Type presses the keys of text.
func (s *Screen) Type(text string) {
	s.t.Helper()
	_, err := s.keyboard.WriteString(text)
	require.NoError(s.t, err)
}

// Expect waits for text, after what was waited for before.
func (s *Screen) Expect(text string) {
	s.t.Helper()
	late := time.AfterFunc(Patience, func() {
		s.mu.Lock()
		s.ended = true
		s.changed.Broadcast()
		s.mu.Unlock()
	})
	defer late.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if at := strings.Index(s.text[s.seen:], text); at >= 0 {
			s.seen += at + len(text)
			return
		}
		if s.ended {
			s.t.Fatalf("%q does not appear; the screen shows:\n%s", text, s.text)
		}
		s.changed.Wait()
	}
}

// Shown is everything that was on the screen.
func (s *Screen) Shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text
}

// Resize changes the size, in characters.
func (s *Screen) Resize(columns, rows uint16) {
	s.t.Helper()
	require.NoError(s.t, pty.Setsize(s.TTY, &pty.Winsize{Cols: columns, Rows: rows}))
}

// State is how the terminal is set.
func (s *Screen) State() *term.State {
	s.t.Helper()
	state, err := term.GetState(s.TTY.Fd())
	require.NoError(s.t, err)
	return state
}
