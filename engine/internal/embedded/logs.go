package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// Logs writes the log of the daemon of a state folder ("" for the default one) to
// w. With follow it goes on until ctx ends, which is no error then. Where there is
// no log yet nothing is written.
func Logs(ctx context.Context, dir string, w io.Writer, follow bool) error {
	dir, err := stateDir(dir)
	if err != nil {
		return err
	}
	path := control.LogFile(dir)
	for _, p := range []string{path + ".1", path} {
		f, err := os.Open(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the engine's log: %w", err)
		}
		defer f.Close()
		if _, err := io.Copy(w, f); err != nil {
			return fmt.Errorf("copying the engine's log: %w", err)
		}
		if p == path && follow {
			return followLog(ctx, path, f, w)
		}
	}
	if follow {
		return followLog(ctx, path, nil, w)
	}
	return nil
}

// logPoll is how often a followed log is looked at.
const logPoll = 200 * time.Millisecond

// followLog copies what is added to f, which is the file at path until that is
// moved aside for a new one; nil stands for a file that does not exist yet.
func followLog(ctx context.Context, path string, f *os.File, w io.Writer) error {
	ticks := time.NewTicker(logPoll)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		if f != nil {
			if _, err := io.Copy(w, f); err != nil {
				return fmt.Errorf("copying the engine's log: %w", err)
			}
		}
		if !sameFile(path, f) {
			if next, err := os.Open(path); err == nil {
				defer next.Close()
				f = next
			}
		}
	}
}

func sameFile(path string, f *os.File) bool {
	if f == nil {
		return false
	}
	at, err1 := os.Stat(path)
	open, err2 := f.Stat()
	return err1 == nil && err2 == nil && os.SameFile(at, open)
}

// logTail returns the last lines of the log, for an error message.
func logTail(dir string) string {
	const lines, bytes = 15, 8 << 10
	data, err := os.ReadFile(control.LogFile(dir))
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimSpace(string(data[max(0, len(data)-bytes):])), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
