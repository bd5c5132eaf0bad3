package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// launch starts a supervisor apart from this process's session, and returns when
// the daemon answers.
func (s *starter) launch(ctx context.Context, p *parts) ([]control.Phase, error) {
	config, err := json.Marshal(control.Config{
		Dir: s.dir, Root: p.root, Buildkitd: p.buildkitd,
		Version: s.version, BuildKit: buildKitVersion(),
		Registries: s.settings.registries, Files: s.settings.files,
		CABundle: s.settings.caBundle, Env: s.settings.proxies, Idle: s.idle,
	})
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	logFile, err := os.OpenFile(control.LogFile(s.dir), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the engine's log: %w", err)
	}
	defer logFile.Close()
	cmd := exec.Command(p.supervisor, "supervise")
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(config), logFile, logFile
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the engine's supervisor: %w", err)
	}
	w.Close()
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	return s.waitStarted(ctx, r, ended)
}

func (s *starter) waitStarted(ctx context.Context, r *os.File, ended <-chan struct{}) ([]control.Phase, error) {
	stop := context.AfterFunc(ctx, func() { r.Close() })
	defer stop()
	var started control.Started
	err := json.NewDecoder(r).Decode(&started)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		started.Error = "the engine's supervisor ended without saying why"
	case started.Error == "":
		return started.Phases, nil
	}
	// It has yet to remove what it made; starting again would have to wait for it.
	<-ended
	return nil, &StartError{Reason: started.Error, LogTail: logTail(s.dir)}
}
