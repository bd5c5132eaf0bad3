package embedded

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/charmbracelet/log"

	"github.com/bodkin-ci/bodkin/internal/cachedir"
	"github.com/bodkin-ci/bodkin/internal/debian"
)

// What the engine root holds. It changes only with Bodkin, so that a running
// daemon and the next one agree.
const (
	rootSuite = "trixie"
	// rootRevision goes up when the root is finished differently.
	rootRevision = "1"
)

var (
	// Git runs ssh and its own scripts through a shell.
	rootPackages = strings.Fields("runc crun iptables containernetworking-plugins git openssh-client ca-certificates dash coreutils sed grep")
	// Documentation, and what only maintainer scripts and git's e-mail and
	// interactive commands use.
	rootWithout = strings.Fields("git-man perl liberror-perl openssl adduser passwd debconf")
)

// rootKey names the root by what it is made of.
func rootKey() string {
	h := sha256.New()
	for _, s := range [][]string{{rootSuite, rootRevision, runtime.GOARCH}, rootPackages, rootWithout} {
		fmt.Fprintln(h, strings.Join(s, " "))
	}
	return rootSuite + "-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// engineRoot returns the folder with the programs buildkitd needs, made from
// Debian packages. Several processes that ask at once make it once.
func engineRoot(ctx context.Context, logger *log.Logger) (string, error) {
	dir, err := cachedir.Ensure("engine-root")
	if err != nil {
		return "", err
	}
	root := filepath.Join(dir, rootKey())
	if rootFound(root) {
		return root, nil
	}
	if _, err := cachedir.Once(ctx, root, func(work string) error { return makeRoot(ctx, work, logger) }); err != nil {
		return "", err
	}
	removeUnusedRoots(dir, root)
	return root, nil
}

func makeRoot(ctx context.Context, dir string, logger *log.Logger) error {
	begin := time.Now()
	src, err := debian.HostSource(rootSuite)
	if err != nil {
		return err
	}
	logger.Info("fetching the engine's Debian packages (once per version)", "packages", strings.Join(rootPackages, " "))
	lock, err := src.Resolve(ctx, rootPackages, debian.ResolveOptions{Without: rootWithout})
	if err != nil {
		return err
	}
	var size int64
	for _, p := range lock.Packages {
		size += p.Size
	}
	if err := debian.Unpack(ctx, src, lock, dir); err != nil {
		return err
	}
	if err := finishRoot(dir); err != nil {
		return fmt.Errorf("finishing the engine root: %w", err)
	}
	if err := lock.Write(filepath.Join(dir, "packages.lock")); err != nil {
		return err
	}
	logger.Info("unpacked the engine root", "packages", len(lock.Packages), "MB", size/1e6, "took", time.Since(begin).Round(100*time.Millisecond))
	return nil
}

// finishRoot does what maintainer scripts would do, as far as it is needed, and
// leaves out what a daemon does not read.
func finishRoot(dir string) error {
	links := map[string]string{
		"usr/sbin/iptables":         "xtables-nft-multi",
		"usr/sbin/ip6tables":        "xtables-nft-multi",
		"usr/sbin/iptables-save":    "xtables-nft-multi",
		"usr/sbin/iptables-restore": "xtables-nft-multi",
		"usr/bin/sh":                "dash",
	}
	for name, target := range links {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if err := os.Symlink(target, path); err != nil {
			return err
		}
	}
	for _, name := range []string{"doc", "man", "locale", "info", "lintian", "bug", "bash-completion"} {
		if err := os.RemoveAll(filepath.Join(dir, "usr/share", name)); err != nil {
			return err
		}
	}
	// iptables keeps its lock file here when it runs in this root itself.
	for _, name := range []string{"run", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	now := time.Now()
	return os.Chtimes(dir, now, now)
}

// Roots of other versions go when nobody asked for them in keepRoot.
const keepRoot = 30 * 24 * time.Hour

// rootFound reports whether root exists, and marks it as used.
func rootFound(root string) bool {
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return false
	}
	now := time.Now()
	_ = os.Chtimes(root, now, now)
	return true
}

// removeUnusedRoots is housekeeping: what cannot be removed stays.
func removeUnusedRoots(dir, except string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		if path := filepath.Join(dir, e.Name()); err == nil && e.IsDir() && path != except && time.Since(info.ModTime()) > keepRoot {
			_ = os.RemoveAll(path)
		}
	}
}
