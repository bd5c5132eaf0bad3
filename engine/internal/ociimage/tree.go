package ociimage

import (
	"archive/tar"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// inode is one object of a file system, with all the paths that lead to it.
type inode struct {
	typeflag           byte
	mode               int64 // permissions, set-user-ID, set-group-ID, sticky
	uid, gid           int
	linkname           string // target of a symbolic link
	devmajor, devminor int64
	xattrs             map[string]string // PAX record → value

	size   int64
	offset int64 // of the content in the tree's spool

	names []string // in order; more than one for hard links
}

func (n *inode) isDir() bool { return n.typeflag == tar.TypeDir }

// tree is a file system read from a tar stream: metadata in memory, contents in
// the spool.
type tree struct {
	nodes map[string]*inode // by clean, relative path
	spool *spool
}

func (t *tree) close() { t.spool.Close() }

// paths lists all paths so that a folder comes before what it holds, and what
// it holds directly after it.
func (t *tree) paths() []string {
	return slices.SortedFunc(maps.Keys(t.nodes), comparePaths)
}

// comparePaths orders paths by their elements, as a walk over sorted folders
// meets them.
func comparePaths(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '/' {
			return -1
		}
		if b[i] == '/' {
			return 1
		}
		return int(a[i]) - int(b[i])
	}
	return len(a) - len(b)
}

// cleanName returns the relative path of a tar entry, "." for the root.
func cleanName(name string) (string, error) {
	rel := strings.TrimLeft(name, "/")
	if slices.Contains(strings.Split(rel, "/"), "..") {
		return "", fmt.Errorf("entry %q climbs out of the root", name)
	}
	return path.Clean(rel), nil
}

// finish resolves parents and puts names in order, once all entries are known.
func (t *tree) finish() error {
	for _, name := range slices.Collect(maps.Keys(t.nodes)) {
		if err := t.addParents(name); err != nil {
			return err
		}
	}
	for name, n := range t.nodes {
		n.names = append(n.names, name)
	}
	for _, n := range t.nodes {
		if len(n.names) > 1 {
			slices.SortFunc(n.names, comparePaths)
		}
	}
	return nil
}

// addParents adds the folders above name that have no entry of their own, owned
// by root with mode 0755.
func (t *tree) addParents(name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		n, ok := t.nodes[dir]
		if !ok {
			t.nodes[dir] = &inode{typeflag: tar.TypeDir, mode: 0o755}
			continue
		}
		if !n.isDir() {
			return fmt.Errorf("entry %q lies below %q, which is not a folder", name, dir)
		}
		return nil
	}
	return nil
}
