//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/bodkin-ci/bodkin/engine/internal/embedded/control"
)

// followed are host files that name servers are found by. They are brought up to
// date with each new lease, because laptops change networks.
var followed = []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}

const bundleInside = "/etc/ssl/certs/ca-certificates.crt"

// ownFiles are written anew, so that nothing of the host's accounts gets in.
var ownFiles = map[string]string{
	"/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
	"/etc/group":  "root:x:0:\nnogroup:x:65534:\n",
}

func copyHostFiles(top string, cfg control.Config) error {
	for path, content := range ownFiles {
		if err := putFile(top, path, []byte(content)); err != nil {
			return err
		}
	}
	refreshHostFiles(top)
	if err := copyBundle(top, cfg); err != nil {
		return fmt.Errorf("copying the CA bundle: %w", err)
	}
	for inside, host := range cfg.Files {
		target := filepath.Join(top, inside)
		err := os.MkdirAll(filepath.Dir(target), 0o755)
		if err == nil {
			err = copyTree(host, target)
		}
		if err != nil {
			return fmt.Errorf("copying %s: %w", host, err)
		}
	}
	return nil
}

// copyBundle takes the host's bundle, else puts one together from the
// certificates of the engine root.
func copyBundle(top string, cfg control.Config) error {
	var bundle []byte
	if cfg.CABundle != "" {
		var err error
		if bundle, err = os.ReadFile(cfg.CABundle); err != nil {
			return err
		}
	} else {
		certs, _ := filepath.Glob(filepath.Join(cfg.Root, "usr/share/ca-certificates/mozilla/*.crt"))
		for _, cert := range slices.Sorted(slices.Values(certs)) {
			data, err := os.ReadFile(cert)
			if err != nil {
				return err
			}
			bundle = append(append(bundle, data...), '\n')
		}
	}
	return putFile(top, bundleInside, bundle)
}

// refreshHostFiles copies what differs. A file that cannot be read is taken as
// absent, because not every host has them all.
func refreshHostFiles(top string) {
	for _, path := range followed {
		want, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(filepath.Join(top, path))
		}
		if err != nil {
			continue
		}
		if have, err := os.ReadFile(filepath.Join(top, path)); err != nil || !bytes.Equal(have, want) {
			_ = putFile(top, path, want)
		}
	}
}

func putFile(top, path string, data []byte) error {
	target := filepath.Join(top, path)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return replaceFile(target, data, 0o644)
}

// copyTree copies a file or a folder with the folders, files and links in it.
func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return copyFile(from, to, info.Mode())
	}
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		info, err := e.Info()
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return os.MkdirAll(target, info.Mode().Perm()|0o700)
		case e.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case e.Type().IsRegular():
			return copyFile(path, target, info.Mode())
		default:
			return nil
		}
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, mode.Perm())
}
