//go:build linux

package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// keptVersions is how many shims, and how many bundles, stay installed side by side.
const keptVersions = 8

// runInstall copies the shim into dir, and a bundle of CA certificates if its
// path and digest are given, and returns the exit status.
func runInstall(dir, digest string, bundle []string) int {
	var err error
	if len(bundle) == 2 {
		err = installBundle(dir, bundle[0], bundle[1])
	}
	if err == nil {
		err = install(dir, digest)
	}
	if err != nil {
		say("bodkin-shim: installing: ", err)
		return 1
	}
	return 0
}

// installBundle copies a bundle of CA certificates into dir, under the name of
// its digest.
func installBundle(dir, bundle, digest string) error {
	temporary, err := copyInto(dir, bundle, 0o644)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	name := protocol.BundleName(digest)
	if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
		return err
	}
	if err := point(dir, protocol.Bundle, name, temporary); err != nil {
		return err
	}
	removeOld(dir, "ca-")
	return nil
}

// install copies this program into dir, under the name of its digest, and
// points protocol.Binary to it. Both appear by rename: whoever starts a shim
// meanwhile gets a whole one. The engine knows the digest; computing it here
// would double the size of the program.
func install(dir, digest string) error {
	temporary, err := copyInto(dir, "/proc/self/exe", 0o755)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	mayBind(temporary)
	name := protocol.VersionName(digest)
	if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
		return err
	}
	if err := point(dir, protocol.Binary, name, temporary); err != nil {
		return err
	}
	removeOld(dir, protocol.VersionName(""))
	return nil
}

// point makes link in dir lead to name, by rename from a name that is the
// caller's own.
func point(dir, link, name, temporary string) error {
	fresh := temporary + ".link"
	if err := os.Symlink(name, fresh); err != nil {
		return err
	}
	defer os.Remove(fresh)
	return os.Rename(fresh, filepath.Join(dir, link))
}

// copyInto copies source to a new file in dir and returns its path.
func copyInto(dir, source string, mode os.FileMode) (path string, err error) {
	from, err := os.Open(source)
	if err != nil {
		return "", err
	}
	defer from.Close()
	file, err := os.CreateTemp(dir, ".install-*")
	if err != nil {
		return "", err
	}
	defer func() {
		file.Close()
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	if _, err := io.Copy(file, from); err != nil {
		return "", err
	}
	if err := file.Chmod(mode); err != nil {
		return "", err
	}
	if err := file.Sync(); err != nil {
		return "", err
	}
	return file.Name(), file.Close()
}

// removeOld removes the files with a prefix that were installed longest ago.
// That it fails costs only their room.
func removeOld(dir, prefix string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	var versions []os.FileInfo
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), prefix) {
			continue
		}
		if info, err := entry.Info(); err == nil {
			versions = append(versions, info)
		}
	}
	slices.SortFunc(versions, func(a, b os.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, old := range versions[min(len(versions), keptVersions):] {
		os.Remove(filepath.Join(dir, old.Name()))
	}
}
