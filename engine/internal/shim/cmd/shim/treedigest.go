//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// digestTree writes the digest of a tree to a file in out.
func digestTree(tree, out string) error {
	sum := sha256.New()
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return addEntry(sum, rel, path, info)
	})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(out, protocol.DigestFile), "sha256:"+hex.EncodeToString(sum.Sum(nil)))
}

// addEntry adds an entry. Each part has its length or an end, so that no two trees
// add the same bytes.
func addEntry(sum hash.Hash, rel, path string, info fs.FileInfo) error {
	st := info.Sys().(*syscall.Stat_t)
	fmt.Fprintf(sum, "%s\x00%o %d:%d", rel, st.Mode, st.Uid, st.Gid)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, " %s", target)
	case info.Mode().IsRegular():
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		content := sha256.New()
		if _, err := io.Copy(content, file); err != nil {
			return err
		}
		fmt.Fprintf(sum, " %x", content.Sum(nil))
	case !info.IsDir():
		fmt.Fprintf(sum, " %d", st.Rdev)
	}
	_, err := sum.Write([]byte{0})
	return err
}
