package terminal

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/charmbracelet/x/term"
	"github.com/muesli/cancelreader"
)

// TTY is a terminal in raw mode, in the hands of one command.
type TTY struct{ in, out *os.File }

// Write shows what a command has written.
func (t *TTY) Write(p []byte) (int, error) { return t.out.Write(p) }

// Say shows lines of text.
func (t *TTY) Say(text string) {
	fmt.Fprint(t.out, strings.ReplaceAll(text, "\n", "\r\n"))
}

// Input returns what is typed, once begin is closed. stop ends that: what is typed
// before or later is left for the next reader.
func (t *TTY) Input(begin <-chan struct{}) (input io.ReadCloser, stop func(), err error) {
	keys, err := cancelreader.NewReader(t.in)
	if err != nil {
		return nil, nil, fmt.Errorf("reading from the terminal: %w", err)
	}
	r, w := io.Pipe()
	ended, stopping := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-begin:
		case <-stopping:
			return
		}
		_, err := io.Copy(w, keys)
		_ = w.CloseWithError(err)
	}()
	return r, func() {
		close(stopping)
		_ = r.Close() // a key that nobody has taken is not waited for
		if keys.Cancel() {
			<-ended
			_ = keys.Close()
		}
	}, nil
}

// OnResize tells f the size of the terminal, in characters: at once, and whenever
// it changes until stop is called.
func (t *TTY) OnResize(f func(columns, rows int)) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	ended, stopping := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			if columns, rows, err := term.GetSize(t.out.Fd()); err == nil {
				f(columns, rows)
			}
			select {
			case <-changed:
			case <-stopping:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(stopping)
		<-ended
	}
}
