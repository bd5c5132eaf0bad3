package progress

import (
	"errors"
	"fmt"
	"os"

	"github.com/charmbracelet/x/term"

	"github.com/bodkin-ci/bodkin/ci/internal/host"
)

// Mode is how progress is shown.
type Mode string

// The modes. Auto is TTY on a terminal and Plain elsewhere and in CI.
const (
	Auto  Mode = "auto"
	TTY   Mode = "tty"
	Plain Mode = "plain"
	JSON  Mode = "json"
)

// Modes lists the modes by name.
var Modes = []string{string(Auto), string(TTY), string(Plain), string(JSON)}

// ErrNoTerminal is the error of mode TTY where there is no terminal.
var ErrNoTerminal = errors.New("progress tty needs a terminal on standard error; use plain, or auto, which finds out")

// Resolve returns the mode to use on out: never Auto. Its error is
// ErrNoTerminal, or says that the mode is unknown.
func (m Mode) Resolve(out *os.File) (Mode, error) {
	terminal := term.IsTerminal(out.Fd())
	switch m {
	case Auto, "":
		if terminal && host.Detect() == host.None && os.Getenv("TERM") != "dumb" {
			return TTY, nil
		}
		return Plain, nil
	case TTY:
		if !terminal {
			return "", ErrNoTerminal
		}
		return TTY, nil
	case Plain, JSON:
		return m, nil
	}
	return "", fmt.Errorf("there is no progress mode %q; there is: auto, tty, plain, json", string(m))
}
