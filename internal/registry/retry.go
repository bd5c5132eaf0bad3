package registry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	remoteserrors "github.com/containerd/containerd/v2/core/remotes/errors"
)

// Bounds of trying again: how often something is tried in all, and the pause
// before the second time, which doubles each time.
const (
	maxTries   = 5
	firstPause = 250 * time.Millisecond
)

// retry calls try until it succeeds, fails for good, or has been called maxTries
// times.
func retry(ctx context.Context, try func() error) error { return Retry(ctx, Transient, try) }

// Retry is what this package does with errors that are transient: it calls try
// again after a pause, a few times.
func Retry(ctx context.Context, transient func(error) bool, try func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := try()
		if err == nil || n == maxTries || ctx.Err() != nil || !transient(err) {
			if err != nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// Transient says whether the same request may succeed later: the registry is
// overloaded or out of order, or the connection broke.
func Transient(err error) bool {
	var status remoteserrors.ErrUnexpectedStatus
	if errors.As(err, &status) {
		switch status.StatusCode {
		case http.StatusTooManyRequests, http.StatusRequestTimeout:
			return true
		}
		return status.StatusCode >= http.StatusInternalServerError && status.StatusCode != http.StatusNotImplemented
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed, content.ErrReset} {
		if errors.Is(err, broken) {
			return true
		}
	}
	var network net.Error
	return errors.As(err, &network) && network.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}
