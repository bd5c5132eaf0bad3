//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// comparison finds what is different between two trees.
type comparison struct {
	before, after string
	found         []*difference
}

// difference is a path that differs, or may do so.
type difference struct {
	rel           string
	kind          protocol.ChangeKind
	before, after fs.FileInfo
	check         bool // whether contents differ is still to be seen
	same          bool
}

// compareTrees lists what differs, folders before what is in them.
func compareTrees(before, after string) ([]*difference, error) {
	c := &comparison{before: before, after: after}
	if err := c.folder(""); err != nil {
		return nil, err
	}
	if err := c.checkContents(); err != nil {
		return nil, err
	}
	differ := c.found[:0]
	for _, d := range c.found {
		if !d.same {
			differ = append(differ, d)
		}
	}
	return differ, nil
}

// folder compares folders that both trees have.
func (c *comparison) folder(rel string) error {
	before, err := os.ReadDir(filepath.Join(c.before, rel))
	if err != nil {
		return err
	}
	after, err := os.ReadDir(filepath.Join(c.after, rel))
	if err != nil {
		return err
	}
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].Name() < after[0].Name():
			err = c.whole(filepath.Join(rel, before[0].Name()), protocol.ChangeRemoved)
			before = before[1:]
		case len(before) == 0 || after[0].Name() < before[0].Name():
			err = c.whole(filepath.Join(rel, after[0].Name()), protocol.ChangeAdded)
			after = after[1:]
		default:
			err = c.both(filepath.Join(rel, before[0].Name()), before[0], after[0])
			before, after = before[1:], after[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// whole notes that everything at a path is in one tree only.
func (c *comparison) whole(rel string, kind protocol.ChangeKind) error {
	root := c.after
	if kind == protocol.ChangeRemoved {
		root = c.before
	}
	return filepath.WalkDir(filepath.Join(root, rel), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		d := &difference{rel: name, kind: kind, after: info}
		if kind == protocol.ChangeRemoved {
			d.before, d.after = info, nil
		}
		c.found = append(c.found, d)
		return nil
	})
}

// both compares what both trees have under a name.
func (c *comparison) both(rel string, before, after fs.DirEntry) error {
	if before.IsDir() && after.IsDir() {
		return c.folder(rel)
	}
	if before.IsDir() || after.IsDir() {
		if err := c.whole(rel, protocol.ChangeRemoved); err != nil {
			return err
		}
		return c.whole(rel, protocol.ChangeAdded)
	}
	was, err := before.Info()
	if err != nil {
		return err
	}
	is, err := after.Info()
	if err != nil {
		return err
	}
	if sameInode(was, is) {
		return nil
	}
	d := &difference{rel: rel, kind: protocol.ChangeModified, before: was, after: is}
	d.check = was.Mode().Type() == is.Mode().Type() && (!is.Mode().IsRegular() || was.Size() == is.Size() && executes(was) == executes(is))
	c.found = append(c.found, d)
	return nil
}

// sameInode reports whether two entries are one and the same in a layer that both
// trees have. The time of the last change is part of that: file systems in layers keep the
// number of a file that they have copied to change it.
func sameInode(a, b fs.FileInfo) bool {
	one, other := a.Sys().(*syscall.Stat_t), b.Sys().(*syscall.Stat_t)
	return one.Ino == other.Ino && one.Ctim == other.Ctim && one.Mtim == other.Mtim && one.Size == other.Size && one.Mode == other.Mode
}

// executes reports whether a file's owner may execute it.
func executes(info fs.FileInfo) bool { return info.Mode()&0o100 != 0 }

// checkContents reads what has to be read to know whether it differs.
func (c *comparison) checkContents() error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var buffers [2][]byte
			for i := next.Add(1) - 1; i < int64(len(c.found)) && failed.Load() == nil; i = next.Add(1) - 1 {
				if err := c.checkContent(c.found[i], &buffers); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	workers.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// maxBuffered is up to how many bytes files are read whole.
const maxBuffered = 1 << 20

func (c *comparison) checkContent(d *difference, buffers *[2][]byte) (err error) {
	if !d.check {
		return nil
	}
	one, other := filepath.Join(c.before, d.rel), filepath.Join(c.after, d.rel)
	switch {
	case d.after.Mode().IsRegular() && d.after.Size() <= maxBuffered:
		if buffers[0], err = readInto(buffers[0], one, d.before.Size()); err == nil {
			buffers[1], err = readInto(buffers[1], other, d.after.Size())
		}
		d.same = bytes.Equal(buffers[0], buffers[1])
	case d.after.Mode().IsRegular():
		d.same, err = sameContent(one, other)
	case d.after.Mode()&fs.ModeSymlink != 0:
		var was, is string
		if was, err = os.Readlink(one); err == nil {
			is, err = os.Readlink(other)
		}
		d.same = was == is
	default:
		d.same = true // sockets, pipes and devices
	}
	return err
}

// listChanges writes what differs to a file in out.
func listChanges(before, after, out string, contents protocol.Contents) error {
	found, err := compareTrees(before, after)
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(out, protocol.ChangesFile))
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(lines)
	for _, d := range found {
		change := protocol.Change{Path: []byte(d.rel), Kind: d.kind}
		if change.Before, err = sideOf(before, d.rel, d.before, contents); err != nil {
			return err
		}
		if change.After, err = sideOf(after, d.rel, d.after, contents); err != nil {
			return err
		}
		if err := encoder.Encode(change); err != nil {
			return err
		}
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	return file.Close()
}

// sideOf describes what is at a path, if anything.
func sideOf(root, rel string, info fs.FileInfo, contents protocol.Contents) (*protocol.Side, error) {
	if info == nil {
		return nil, nil
	}
	side := &protocol.Side{Mode: uint32(info.Mode()), Size: info.Size()}
	path := filepath.Join(root, rel)
	switch {
	case contents == protocol.ContentsNone:
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		side.Data = []byte(target)
		return side, err
	case info.Mode().IsRegular():
		content, err := os.ReadFile(path)
		side.Binary = isBinary(content)
		if contents == protocol.ContentsAll || !side.Binary {
			side.Data = content
		}
		return side, err
	}
	return side, nil
}

// isBinary reports whether git takes a file for one that is no text.
func isBinary(content []byte) bool {
	const looked = 8000
	return bytes.IndexByte(content[:min(len(content), looked)], 0) >= 0
}
