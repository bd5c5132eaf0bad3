package registry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Bounds of what a registry may make its users wait.
const (
	// silence is how long a registry may say nothing.
	silence = 60 * time.Second
	// maxPause is the longest pause that a registry may ask for.
	maxPause = 30 * time.Second
	// usualPause is that of a registry that is asked too often and does not say how
	// long to wait.
	usualPause = time.Second
)

// SilentError says that a registry took a request and did not answer.
type SilentError struct {
	Host string
	For  time.Duration
}

func (e *SilentError) Error() string {
	return fmt.Sprintf("no answer from registry %s within %s", e.Host, e.For)
}

// transport waits before a request where the registry has asked for that, and
// gives up on one that says nothing.
type transport struct {
	next  http.RoundTripper
	paces *paces
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.paces.wait(req.Context(), req.URL.Host); err != nil {
		return nil, err
	}
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	watch := time.AfterFunc(silence, func() { cancel(&SilentError{Host: req.URL.Host, For: silence}) })
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &watched{ReadCloser: req.Body, watch: watch}
	}
	resp, err := next.RoundTrip(req)
	if err != nil {
		watch.Stop()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	t.paces.note(req.URL.Host, resp)
	resp.Body = &watched{ReadCloser: resp.Body, watch: watch, ctx: ctx, done: func() {
		watch.Stop()
		cancel(nil)
	}}
	return resp, nil
}

// watched is a body whose every read shows that there is life.
type watched struct {
	io.ReadCloser
	watch *time.Timer
	ctx   context.Context //nolint:containedctx // that of the request, for its cause
	done  func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err == nil {
		w.watch.Reset(silence)
	} else if w.ctx != nil && err != io.EOF {
		if cause := context.Cause(w.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (w *watched) Close() error {
	if w.done != nil {
		w.done()
	}
	return w.ReadCloser.Close()
}

// paces are the pauses that registries have asked for.
type paces struct {
	mu    sync.Mutex
	until map[string]time.Time
}

// note reads off an answer whether its registry wants to be left alone.
func (p *paces) note(host string, resp *http.Response) {
	pause := retryAfter(resp.Header.Get("Retry-After"), time.Now())
	switch {
	case resp.StatusCode == http.StatusTooManyRequests && pause == 0:
		pause = usualPause
	case resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable, pause == 0:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until == nil {
		p.until = map[string]time.Time{}
	}
	p.until[host] = time.Now().Add(min(pause, maxPause))
}

// wait returns when the registry may be asked again.
func (p *paces) wait(ctx context.Context, host string) error {
	p.mu.Lock()
	pause := time.Until(p.until[host])
	p.mu.Unlock()
	return sleep(ctx, pause)
}

func sleep(ctx context.Context, pause time.Duration) error {
	if pause <= 0 {
		return nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// retryAfter reads a Retry-After header, seconds or a date; 0 is none.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(maxPause/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil && date.After(now) {
		return date.Sub(now)
	}
	return 0
}
