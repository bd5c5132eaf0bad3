package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	digest "github.com/opencontainers/go-digest"

	"github.com/bodkin-ci/bodkin/engine/internal/buildkit"
)

// defaultDownloadMode is what BuildKit gives to what it downloads.
const defaultDownloadMode = 0o600

// Downloads are what this machine has downloaded in a session, each once.
type Downloads struct{ files memo[File] }

// Download is something to download from where only this machine gets.
type Download struct {
	URL, Name string
	Mode      os.FileMode   // 0: 0600
	Checksum  digest.Digest // empty: any
	// Authorization returns the value of the HTTP header of that name; nil: none.
	Authorization func(ctx context.Context) ([]byte, error)
	Dial          func(ctx context.Context, network, address string) (net.Conn, error)
}

// File downloads d to a folder of this machine, once for a key.
func (ds *Downloads) File(ctx context.Context, s *buildkit.Session, key string, d Download, temp func() (string, error)) (File, error) {
	return ds.files.do(ctx, key, func(ctx context.Context) (File, error) {
		base, err := temp()
		if err != nil {
			return File{}, err
		}
		dir, err := os.MkdirTemp(base, "download-")
		if err != nil {
			return File{}, err
		}
		target := filepath.Join(dir, d.Name)
		if err := d.to(ctx, target); err != nil {
			return File{}, fmt.Errorf("downloading %s: %w", RedactedURL(d.URL), err)
		}
		return HostFile(s, target, 0)
	})
}

// RedactedURL is a URL without its password, for messages.
func RedactedURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that is no URL"
	}
	return u.Redacted()
}

func (d Download) to(ctx context.Context, target string) (err error) {
	res, err := d.get(ctx)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	mode := d.Mode
	if mode == 0 {
		mode = defaultDownloadMode
	}
	file, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Chmod(mode); err != nil { // whatever the umask is
		return err
	}
	algorithm := digest.Canonical
	if d.Checksum != "" {
		algorithm = d.Checksum.Algorithm()
	}
	sum := algorithm.Digester()
	if _, err := io.Copy(io.MultiWriter(file, sum.Hash()), res.Body); err != nil {
		return err
	}
	if got := sum.Digest(); d.Checksum != "" && got != d.Checksum {
		return fmt.Errorf("its checksum is %s, not %s", got, d.Checksum)
	}
	changed, err := http.ParseTime(res.Header.Get("Last-Modified"))
	if err != nil {
		changed = time.Unix(0, 0) // as BuildKit has it
	}
	return os.Chtimes(target, changed, changed)
}

func (d Download) get(ctx context.Context) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return nil, errors.New("it is no URL")
	}
	if d.Authorization != nil {
		header, err := d.Authorization(ctx)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", string(header))
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext, transport.Proxy, transport.DisableKeepAlives = d.Dial, nil, true
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		var netErr *url.Error
		if errors.As(err, &netErr) {
			err = netErr.Err
		}
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, fmt.Errorf("the server answers %s", res.Status)
	}
	return res, nil
}
