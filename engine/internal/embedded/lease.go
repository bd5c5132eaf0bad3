package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"
	"time"

	"github.com/bodkin-ci/bodkin/engine/internal/dial"
	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// errNotRunning says that no daemon serves the state folder, or that the one
// which does is ending.
var errNotRunning = errors.New("the embedded engine is not running")

// answerPatience is how long a supervisor, which has little to do, may take to
// answer.
const answerPatience = 20 * time.Second

// join takes a lease on the running daemon. errNotRunning means that a new one is
// needed.
func (s *starter) join(ctx context.Context) (*Daemon, error) {
	conn, reply, err := ask(ctx, s.dir, control.Request{Op: control.OpLease, Version: s.version, Idle: s.idle})
	if err != nil {
		return nil, err
	}
	if reply.Ending {
		conn.Close()
		s.log.Info("the running embedded engine has another version or other settings: replacing it")
		return nil, errNotRunning
	}
	if reply.Info.Version != s.version {
		s.log.Warn("using the embedded engine of another version or with other settings, because others use it right now",
			"buildkit", reply.Info.BuildKit)
	}
	return &Daemon{dir: s.dir, conn: conn}, nil
}

// ask sends one request to the supervisor of a state folder. The connection stays
// open.
func ask(ctx context.Context, dir string, req control.Request) (net.Conn, *control.Reply, error) {
	conn, err := dial.Socket(ctx, control.LeaseSocket(dir))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil, errNotRunning
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reaching the embedded engine: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	_ = conn.SetDeadline(time.Now().Add(answerPatience))
	var reply control.Reply
	err = json.NewEncoder(conn).Encode(req)
	if err == nil {
		err = json.NewDecoder(conn).Decode(&reply)
	}
	switch stopped := stop(); {
	case err == nil && stopped:
		_ = conn.SetDeadline(time.Time{})
		return conn, &reply, nil
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.Is(err, io.EOF), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		err = errNotRunning
	default:
		err = fmt.Errorf("the embedded engine does not answer (stop it to start afresh): %w", err)
	}
	conn.Close()
	return nil, nil, err
}
