package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dagger.io/dagger"

	archive "github.com/bodkin-ci/bodkin/internal/debian"
)

// CABundle returns the file with the certificate authorities that Mozilla
// trusts, as Debian has it in /etc/ssl/certs/ca-certificates.crt, for images
// that hold nothing else of Debian.
func (d *Debian) CABundle(ctx context.Context) (*dagger.File, error) {
	_, arch, err := d.platform(ctx)
	if err != nil {
		return nil, err
	}
	path, err := d.caBundlePath(ctx, arch)
	if err != nil {
		return nil, fmt.Errorf("making the CA bundle: %w", err)
	}
	return d.dag.Host().File(path), nil
}

// TimeZones returns the time-zone database, for /usr/share/zoneinfo.
func (d *Debian) TimeZones(ctx context.Context) (*dagger.Directory, error) {
	_, arch, err := d.platform(ctx)
	if err != nil {
		return nil, err
	}
	path, err := d.timeZonesPath(ctx, arch)
	if err != nil {
		return nil, fmt.Errorf("unpacking the time zones: %w", err)
	}
	return d.dag.Host().Directory(path), nil
}

func (d *Debian) caBundlePath(ctx context.Context, arch string) (string, error) {
	return d.fromPackage(ctx, arch, "ca-certificates", "ca-certificates.crt", func(root, path string) error {
		certs, err := filepath.Glob(filepath.Join(root, "usr/share/ca-certificates/mozilla/*.crt"))
		if err != nil {
			return err
		}
		if len(certs) == 0 {
			return errors.New("package ca-certificates holds no certificates")
		}
		var bundle bytes.Buffer
		for _, c := range certs { // sorted by Glob
			text, err := os.ReadFile(c)
			if err != nil {
				return err
			}
			bundle.Write(bytes.TrimSpace(text))
			bundle.WriteByte('\n')
		}
		return writeLike(certs[0], path, bundle.Bytes())
	})
}

// writeLike writes a file with the mode and time of another, so that it is the
// same on every host.
func writeLike(model, path string, content []byte) error {
	info, err := os.Stat(model)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return err
	}
	if err := os.Chmod(path, info.Mode()); err != nil {
		return err
	}
	return os.Chtimes(path, info.ModTime(), info.ModTime())
}

func (d *Debian) timeZonesPath(ctx context.Context, arch string) (string, error) {
	return d.fromPackage(ctx, arch, "tzdata", "zoneinfo", func(root, path string) error {
		from := filepath.Join(root, "usr/share/zoneinfo")
		// A link to a file that scratch images do not have.
		if err := os.RemoveAll(filepath.Join(from, "localtime")); err != nil {
			return err
		}
		return os.Rename(from, path)
	})
}

// fromPackage returns the path of a file or folder that extract makes out of
// one package of the base, unpacked at root.
func (d *Debian) fromPackage(ctx context.Context, arch, name, file string, extract func(root, path string) error) (string, error) {
	lock, err := d.lock(ctx, arch)
	if err != nil {
		return "", err
	}
	if lock, err = lock.Only(name); err != nil {
		return "", err
	}
	return cached(ctx, "data", lock.Packages[0].SHA256[:16]+"-"+revision+"-"+file, func(path string) error {
		src, err := d.source(arch)
		if err != nil {
			return err
		}
		root := path + ".root"
		if err := archive.Unpack(ctx, src, lock, root); err != nil {
			return err
		}
		return extract(root, path)
	})
}
