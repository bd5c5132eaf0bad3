package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
	"github.com/bodkin-ci/bodkin/internal/cachedir"
)

// Stop ends the daemon of a state folder ("" for the default one), whoever uses
// it, and returns when nothing of it is left. What a daemon that died left behind
// is removed too. Stopping what does not run is no error.
func Stop(ctx context.Context, dir string) error {
	dir, err := stateDir(dir)
	if err != nil {
		return err
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// Nobody starts another one in the meantime.
	unlock, err := cachedir.Lock(ctx, filepath.Join(dir, "start.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	askCtx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	conn, _, err := ask(askCtx, dir, control.Request{Op: control.OpStop})
	if err == nil {
		conn.Close()
	}
	if err == nil || errors.Is(err, errNotRunning) {
		waitEnded(ctx, dir)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return cleanUp(ctx, dir)
}

const (
	// askPatience is how long a supervisor may take to hear the request.
	askPatience = 3 * time.Second
	// stopPatience is more than it takes to end a daemon by force.
	stopPatience = 15 * time.Second
	stopPoll     = 20 * time.Millisecond
)

// waitEnded returns when the daemon has ended, or has had enough time to.
func waitEnded(ctx context.Context, dir string) {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	for ctx.Err() == nil && lockHeld(ctx, dir) {
		time.Sleep(stopPoll)
	}
}

// lockHeld reports whether a supervisor, or what it started, still lives.
func lockHeld(ctx context.Context, dir string) bool {
	ctx, cancel := context.WithTimeout(ctx, stopPoll)
	defer cancel()
	unlock, err := cachedir.Lock(ctx, control.DaemonLock(dir))
	if err == nil {
		unlock()
	}
	return err != nil
}

// cleanUp has the supervisor's program remove what the record of a dead or hung
// daemon names. A daemon that ended in order leaves no record.
func cleanUp(ctx context.Context, dir string) error {
	var r control.Record
	data, err := os.ReadFile(control.RecordFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return fmt.Errorf("reading what the engine noted: %w", err)
	}
	if _, err := os.Stat(r.Tool); err != nil {
		if r.Tool, err = buildSupervisor(ctx, nil); err != nil {
			return err
		}
	}
	if out, err := exec.CommandContext(ctx, r.Tool, "clean", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("cleaning up after the embedded engine: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}
