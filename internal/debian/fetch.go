package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// parallel is how many packages are downloaded at a time.
const parallel = 8

// Fetch downloads the packages of a lock that the cache does not hold and
// returns the paths of all, in the lock's order. Size and SHA-256 of every file
// are checked, cached ones included. It errs with *MirrorError, *HashError or
// *GoneError; what was downloaded until then stays in the cache.
func (s Source) Fetch(ctx context.Context, lock *Lock) ([]string, error) {
	paths := make([]string, len(lock.Packages))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, p := range lock.Packages {
		g.Go(func() (err error) {
			paths[i], err = s.fetchPackage(ctx, lock, p)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("fetching Debian packages: %w", err)
	}
	return paths, nil
}

func (s Source) fetchPackage(ctx context.Context, lock *Lock, p LockedPackage) (string, error) {
	path, err := s.cachePath("packages", p.SHA256+".deb")
	if err != nil {
		return "", err
	}
	want := indexFile{sha256: p.SHA256, size: p.Size}
	if intact(path, want) {
		markUsed(path)
		return path, nil
	}
	urls := s.packageURLs(lock, p)
	if len(urls) == 0 && p.Security {
		return "", fmt.Errorf("package %s is from the security archive, of which no mirror is known: set %s", p.Name, SecurityMirrorEnv)
	} else if len(urls) == 0 {
		return "", ErrNoMirror
	}
	for _, url := range urls {
		err = writeFile(path, 0o600, func(f *os.File) error {
			return s.getVerified(ctx, url, want, f, func() error { return rewind(f) })
		})
		if !isMissing(err) {
			break
		}
	}
	if isMissing(err) {
		return "", &GoneError{Package: p.Name, Version: p.Version, URLs: urls}
	}
	if err == nil {
		removeUnused(path)
	}
	return path, err
}

// packageURLs lists where a package may be, best first.
func (s Source) packageURLs(lock *Lock, p LockedPackage) []string {
	var urls []string
	for _, a := range s.Archives {
		if a.security() == p.Security {
			urls = append(urls, join(a.Mirror, p.Filename))
			break
		}
	}
	if s.Snapshot != "" {
		name := "debian"
		if p.Security {
			name = "debian-security"
		}
		// A release reaches the snapshot archive within hours, and packages stay
		// on it for days: half a day later both are there.
		stamp := lock.Date.Add(12 * time.Hour).UTC().Format("20060102T150405Z")
		urls = append(urls, join(s.Snapshot, name, stamp, p.Filename))
	}
	return urls
}

func isMissing(err error) bool {
	var m *MirrorError
	return errors.As(err, &m) && (m.Status == http.StatusNotFound || m.Status == http.StatusGone)
}

func rewind(f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return f.Truncate(0)
}

// intact says whether a cached file is what it should be.
func intact(path string, want indexFile) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return err == nil && n == want.size && hex.EncodeToString(h.Sum(nil)) == want.sha256
}
