package debian

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"strings"
	"sync"
	"time"
)

const (
	defaultPatience = 12 * time.Second
	// attempts is how often a request is made when the mirror answers with a
	// server error or breaks the connection. One that stays silent gets two.
	attempts = 4
	// A download may take overallBase, plus one second for each overallRate bytes.
	overallBase = 2 * time.Minute
	overallRate = 64 << 10
)

// errSilent ends a request whose mirror stopped answering.
type errSilent struct{ patience time.Duration }

func (e errSilent) Error() string {
	return fmt.Sprintf("the mirror did not answer for %s", e.patience)
}

// join builds a URL from a base and path elements.
func join(base string, elem ...string) string {
	return strings.TrimRight(base, "/") + "/" + strings.Join(elem, "/")
}

// get returns a file of at most limit bytes.
func (s Source) get(ctx context.Context, url string, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	err := s.download(ctx, url, limit, func(body io.Reader) error {
		buf.Reset()
		n, err := buf.ReadFrom(io.LimitReader(body, limit+1))
		if err == nil && n > limit {
			return &HashError{URL: url, WantSize: limit, GotSize: n}
		}
		return err
	})
	return buf.Bytes(), err
}

// getVerified writes a file of known size and SHA-256 to w, which reset
// empties before each attempt. Nothing in w may be used when it errs.
func (s Source) getVerified(ctx context.Context, url string, want indexFile, w io.Writer, reset func() error) error {
	return s.download(ctx, url, want.size, func(body io.Reader) error {
		if err := reset(); err != nil {
			return err
		}
		h := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(body, want.size+1))
		if err != nil {
			return err
		}
		got := hex.EncodeToString(h.Sum(nil))
		if n != want.size || got != want.sha256 {
			return &HashError{URL: url, Want: want.sha256, Got: got, WantSize: want.size, GotSize: n}
		}
		return nil
	})
}

// download makes the request, up to four times where trying again may help,
// and hands the body to read.
func (s Source) download(ctx context.Context, url string, size int64, read func(io.Reader) error) error {
	if _, err := neturl.ParseRequestURI(url); err != nil {
		return &MirrorError{URL: url, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, overallBase+time.Duration(size/overallRate)*time.Second)
	defer cancel()
	silent := 0
	for n := 1; ; n++ {
		err := s.attempt(ctx, url, read)
		if errors.As(err, new(errSilent)) {
			silent++
		}
		if err == nil || n == attempts || silent == 2 || !worthRetry(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return &MirrorError{URL: url, Err: context.Cause(ctx)}
		case <-time.After(time.Duration(n*n) * 200 * time.Millisecond):
		}
	}
}

// worthRetry says whether the same request may succeed later: after server
// errors and broken connections, not after a refusal or a wrong file.
func worthRetry(err error) bool {
	var m *MirrorError
	if !errors.As(err, &m) {
		return false
	}
	if m.Status != 0 {
		return m.Status >= 500 || m.Status == http.StatusTooManyRequests
	}
	return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

func (s Source) attempt(ctx context.Context, url string, read func(io.Reader) error) error {
	patience := s.Patience
	if patience == 0 {
		patience = defaultPatience
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(patience, func() { cancel(errSilent{patience}) })
	defer idle.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return &MirrorError{URL: url, Err: err}
	}
	// Index files are fetched as they are: their compression is part of their hash.
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := s.client().Do(req)
	if err != nil {
		return &MirrorError{URL: url, Err: cause(ctx, err)}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &MirrorError{URL: url, Status: resp.StatusCode}
	}
	body := &watched{r: resp.Body, progress: func() { idle.Reset(patience) }}
	err = read(body)
	if body.err != nil {
		return &MirrorError{URL: url, Err: cause(ctx, body.err)}
	}
	return err
}

// cause prefers the reason a request was ended to "context canceled".
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// watched reports each read that brings data and keeps the error of the one
// that failed, to tell broken connections from failing disks.
type watched struct {
	r        io.Reader
	progress func()
	err      error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.progress()
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// defaultClient keeps one connection per parallel download.
var defaultClient = sync.OnceValue(func() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = parallel
	t.DisableCompression = true
	t.Proxy = hostProxy
	return &http.Client{Transport: t}
})

func (s Source) client() *http.Client {
	if s.Client != nil {
		return s.Client
	}
	return defaultClient()
}
