package ociimage

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// DiffOptions say how DiffTar writes. The zero value is the recommended one.
type DiffOptions struct {
	// Time is given to every entry, in whole seconds. Default the Unix epoch.
	Time time.Time
	// TempDir holds the contents of the final tree meanwhile. Default os.TempDir().
	TempDir string
}

// DiffTar writes the layer that turns base into final: whatever is new or has
// another type, content, owner, mode, attribute or hard-link partner, the
// folders above it, and a whiteout for each path that is gone. Both streams are
// whole file systems in any order. Times are not compared.
//
// A folder that was emptied gets a whiteout for each child, never an opaque
// mark: all readers understand the former.
func DiffTar(ctx context.Context, base, final io.Reader, w io.Writer, opts DiffOptions) error {
	at, err := normalTime(opts.Time)
	if err != nil {
		return err
	}
	d, err := readDiff(ctx, base, final, opts.TempDir)
	if err != nil {
		return err
	}
	defer d.close()
	return d.write(ctx, w, at)
}

// diff is what a layer on top of a base has to say.
type diff struct {
	final   *tree
	entries map[string]bool // paths to write; true: a whiteout
}

func (d *diff) close() { d.final.close() }

// empty reports that nothing changed.
func (d *diff) empty() bool { return len(d.entries) == 0 }

// readDiff reads both trees side by side: an engine that sends one has its hands
// full with less than all processors.
func readDiff(ctx context.Context, base, final io.Reader, tempDir string) (*diff, error) {
	var below, above *tree
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if below, err = readTree(ctx, base, nil, true); err != nil {
			return fmt.Errorf("comparing with the base image: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		s, err := newSpool(tempDir)
		if err != nil {
			return err
		}
		t, err := readTree(ctx, final, s, true)
		if err == nil {
			above = t
		}
		return err
	})
	if err := group.Wait(); err != nil {
		if above != nil {
			above.close()
		}
		return nil, err
	}
	return compareTrees(below, above), nil
}

// compareTrees lists what the layer must hold.
func compareTrees(base, final *tree) *diff {
	d := &diff{final: final, entries: map[string]bool{}}
	for name, n := range final.nodes {
		if b, ok := base.nodes[name]; ok && n.same(b) && sameLinks(n, b, final) {
			continue
		}
		// All names of a changed file go together, so that each link finds its
		// target within the layer.
		for _, linked := range n.names {
			d.add(linked, false)
		}
	}
	for name := range base.nodes {
		if _, ok := final.nodes[name]; ok {
			continue
		}
		parent := path.Dir(name)
		if n, ok := final.nodes[parent]; parent == "." || ok && n.isDir() {
			d.add(name, true)
		}
	}
	return d
}

// sameLinks reports that the names of n are those names of b that still exist.
func sameLinks(n, b *inode, final *tree) bool {
	if len(n.names) == 1 && len(b.names) == 1 {
		return true
	}
	left := slices.DeleteFunc(slices.Clone(b.names), func(name string) bool {
		_, ok := final.nodes[name]
		return !ok
	})
	return slices.Equal(n.names, left)
}

// add lists name and the folders above it: some readers give folders that a
// layer does not describe default owners and modes.
func (d *diff) add(name string, gone bool) {
	d.entries[name] = gone
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, ok := d.entries[dir]; ok {
			return
		}
		d.entries[dir] = false
	}
}

// write writes the layer's tar.
func (d *diff) write(ctx context.Context, w io.Writer, at time.Time) error {
	marks := make(map[string]bool, len(d.entries))
	paths := make([]string, 0, len(d.entries))
	for name, gone := range d.entries {
		entry := name
		if gone {
			entry = path.Join(path.Dir(name), whiteoutPrefix+path.Base(name))
			marks[entry] = true
		}
		paths = append(paths, entry)
	}
	slices.SortFunc(paths, comparePaths)
	out := newTreeWriter(ctx, d.final, w, at)
	for _, name := range paths {
		write := out.entry
		if marks[name] {
			write = out.whiteout
		}
		if err := write(name); err != nil {
			return err
		}
	}
	return out.close()
}
