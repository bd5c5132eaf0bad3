package engine_test

import (
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/engine"
)

// patience bounds how long something may take to appear on a screen.
const patience = 60 * time.Second

// screen is a terminal and somebody who sits at it.
type screen struct {
	t         *testing.T
	keyboard  *os.File
	tty       *os.File
	mu        sync.Mutex
	changed   *sync.Cond
	text      string
	seen      int // how much of text was waited for
	suspended int
	ended     bool
}

// newScreen returns a terminal of 80 columns and 24 rows.
func newScreen(t *testing.T) *screen {
	t.Helper()
	keyboard, tty, err := pty.Open()
	require.NoError(t, err)
	s := &screen{t: t, keyboard: keyboard, tty: tty}
	s.changed = sync.NewCond(&s.mu)
	s.resize(80, 24)
	go s.watch()
	t.Cleanup(func() {
		_ = tty.Close()
		_ = keyboard.Close()
	})
	return s
}

func (s *screen) watch() {
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

// terminal is the screen as an option of Connect.
func (s *screen) terminal() engine.Option {
	return engine.WithTerminal(engine.Terminal{In: s.tty, Out: s.tty, Suspend: s.suspend})
}

func (s *screen) suspend() func() {
	s.mu.Lock()
	s.suspended++
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		s.suspended--
		s.mu.Unlock()
	}
}

// types presses the keys of text.
func (s *screen) types(text string) {
	s.t.Helper()
	_, err := s.keyboard.WriteString(text)
	require.NoError(s.t, err)
}

// expect waits for text, after what was waited for before.
func (s *screen) expect(text string) {
	s.t.Helper()
	late := time.AfterFunc(patience, func() {
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

// shows reports whether text is or was on the screen.
func (s *screen) shows(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.text, text)
}

// resize changes the size, in characters, and tells the process as the kernel
// tells one whose terminal this is.
func (s *screen) resize(columns, rows uint16) {
	s.t.Helper()
	require.NoError(s.t, pty.Setsize(s.tty, &pty.Winsize{Cols: columns, Rows: rows}))
	require.NoError(s.t, syscall.Kill(os.Getpid(), syscall.SIGWINCH))
}

func (s *screen) state() *term.State {
	s.t.Helper()
	state, err := term.GetState(s.tty.Fd())
	require.NoError(s.t, err)
	return state
}

// await returns what do returns, once it does.
func await(t *testing.T, do func() error) (wait func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	return func() error {
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			t.Fatal("it does not end")
			return nil
		}
	}
}
