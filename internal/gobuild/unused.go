package gobuild

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Programs that nobody asked for in keepUnused are removed when a newer one of
// the same name is built. A program in use keeps running when its file goes.
const (
	keepUnused = 30 * 24 * time.Hour
	markEvery  = 24 * time.Hour
)

// found reports whether bin exists, and marks it as used.
func found(bin string) bool {
	info, err := os.Stat(bin)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	if now := time.Now(); now.Sub(info.ModTime()) > markEvery {
		_ = os.Chtimes(bin, now, now)
	}
	return true
}

// removeUnused is housekeeping: what cannot be removed stays.
func removeUnused(dir, name, except string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, err := e.Info()
		digest, ours := strings.CutPrefix(e.Name(), name+"-")
		path := filepath.Join(dir, e.Name())
		if err == nil && ours && len(digest) == 32 && path != except && time.Since(info.ModTime()) > keepUnused {
			_ = os.Remove(path)
		}
	}
}
