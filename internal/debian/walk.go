package debian

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"pault.ag/go/debian/dependency"
)

// member is one file of a package, ready to be laid down: its name and hard
// link target are paths relative to the root that lead through no symlink.
type member struct {
	*tar.Header
	pkg      int    // index in the lock; -1 for the links that no package ships
	listed   string // the path by which the package knows it, with a leading slash
	over     int    // index of the package whose file it replaces; -1 for none
	existing bool   // a folder that is there already
	body     io.Reader
}

// walker lays the packages of a lock on top of each other.
type walker struct {
	lock     *Lock
	packages []map[string][]byte // control files, by package
	tree     tree
	visit    func(member) error
}

// walk visits the files of all packages in an order that depends on the lock
// alone: merged-usr links first, then package by package. A file that two
// packages hold is an error unless one of them says that it replaces the other.
func walk(ctx context.Context, lock *Lock, paths []string, control []map[string][]byte, visit func(member) error) error {
	w := &walker{lock: lock, packages: control, tree: tree{nodes: map[string]node{}}, visit: visit}
	if err := w.mergedUsr(); err != nil {
		return err
	}
	return readAhead(ctx, paths, func(i int, data io.Reader) error {
		if err := w.layDown(i, data); err != nil {
			return &PackageError{Package: lock.Packages[i].Name, Err: err}
		}
		return nil
	})
}

// usrLinks are the folders that live below /usr since Debian 12. lib64 exists
// on some architectures only.
func usrLinks(arch string) []string {
	links := []string{"bin", "lib", "sbin"}
	switch arch {
	case "amd64", "loong64", "mips64el", "ppc64el":
		links = []string{"bin", "lib", "lib64", "sbin"}
	}
	return links
}

// ownTime is the time of what no package ships: a fixed one, so that the same
// packages give the same bytes.
var ownTime = time.Unix(1, 0).UTC()

func (w *walker) mergedUsr() error {
	dirs := []string{"usr"}
	for _, l := range usrLinks(w.lock.Arch) {
		dirs = append(dirs, "usr/"+l)
	}
	for _, d := range dirs {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: d, Mode: 0o755, ModTime: ownTime}
		if err := w.place(member{Header: h, pkg: -1, over: -1}); err != nil {
			return err
		}
	}
	for _, l := range usrLinks(w.lock.Arch) {
		h := &tar.Header{Typeflag: tar.TypeSymlink, Name: l, Linkname: "usr/" + l, Mode: 0o777, ModTime: ownTime}
		if err := w.place(member{Header: h, pkg: -1, over: -1}); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) layDown(i int, data io.Reader) error {
	t := tar.NewReader(data)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading data.tar: %w", err)
		}
		m, err := w.locate(h)
		if err != nil {
			return err
		}
		if m.Name == "" {
			continue
		}
		m.pkg, m.body = i, t
		if err := w.place(m); err != nil {
			return err
		}
	}
}

// locate finds out where a member goes.
func (w *walker) locate(h *tar.Header) (member, error) {
	name, err := clean(h.Name)
	if err != nil {
		return member{}, err
	}
	m := member{listed: "/" + name, over: -1}
	dir := h.Typeflag == tar.TypeDir
	to, err := w.tree.follow(name, dir)
	if err != nil {
		return member{}, err
	}
	m.Header = &tar.Header{
		Typeflag: h.Typeflag,
		Name:     to,
		Linkname: h.Linkname,
		Size:     h.Size,
		Mode:     h.Mode & 0o7777,
		Uid:      h.Uid,
		Gid:      h.Gid,
		ModTime:  h.ModTime,
	}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeDir, tar.TypeSymlink:
	case tar.TypeLink:
		target, err := clean(h.Linkname)
		if err != nil {
			return member{}, err
		}
		if m.Linkname, err = w.tree.follow(target, false); err != nil {
			return member{}, err
		}
		if w.tree.nodes[m.Linkname].kind != tar.TypeReg {
			return member{}, fmt.Errorf("member %q is a hard link to %q, which is not a file of it", h.Name, h.Linkname)
		}
	default:
		return member{}, fmt.Errorf("member %q is neither a file, a folder nor a link (tar type %q)", h.Name, h.Typeflag)
	}
	return m, nil
}

// errKept says that a member is left out in favour of what is there.
var errKept = errors.New("kept")

// place checks a member against what is there and hands it on.
func (w *walker) place(m member) error {
	old, exists := w.tree.nodes[m.Name]
	if exists {
		err := w.collide(&m, old)
		if err == errKept {
			return nil
		}
		if err != nil {
			return err
		}
	}
	n := node{kind: m.Typeflag, pkg: m.pkg}
	switch m.Typeflag {
	case tar.TypeLink:
		n.kind = tar.TypeReg
	case tar.TypeSymlink:
		n.link = m.Linkname
	}
	if !m.existing {
		w.tree.nodes[m.Name] = n
	}
	return w.visit(m)
}

// collide decides between a member and what is in its place, as dpkg does:
// folders are shared and stay, files are replaced only by a package that says so.
func (w *walker) collide(m *member, old node) error {
	switch {
	case old.kind == tar.TypeDir && (m.Typeflag == tar.TypeDir || m.Typeflag == tar.TypeSymlink):
		m.Typeflag, m.Linkname, m.existing = tar.TypeDir, "", true
	case old.kind == tar.TypeSymlink && m.Typeflag == tar.TypeSymlink && old.link == m.Linkname:
		m.existing = true
	case old.pkg >= 0 && w.replaces(m.pkg, old.pkg):
		m.over = old.pkg
	case old.pkg >= 0 && w.replaces(old.pkg, m.pkg):
		return errKept
	case old.pkg < 0:
		return fmt.Errorf("/%s is in the place of a merged-usr link", m.Name)
	case old.pkg == m.pkg:
		return fmt.Errorf("/%s is in it twice", m.Name)
	default:
		return fmt.Errorf("/%s is also in package %s", m.Name, w.lock.Packages[old.pkg].Name)
	}
	return nil
}

// replaces says whether package a may take over files of package b.
func (w *walker) replaces(a, b int) bool {
	if a < 0 || a == b {
		return false
	}
	other := w.lock.Packages[b]
	for st := range stanzas(string(w.packages[a]["control"])) {
		for _, rel := range parseRelations(strings.ReplaceAll(st.get("Replaces"), "\n", " ")) {
			if p := rel[0]; p.Name == other.Name && fits(dependency.Possibility{Version: p.Version}, other.Version) {
				return true
			}
		}
	}
	return false
}

// readControls reads the control files of packages.
func readControls(lock *Lock, paths []string) ([]map[string][]byte, error) {
	all := make([]map[string][]byte, len(paths))
	for i, p := range paths {
		err := func() error {
			d, err := openDeb(p)
			if err != nil {
				return err
			}
			defer d.Close()
			all[i], err = d.controlFiles()
			return err
		}()
		if err != nil {
			return nil, &PackageError{Package: lock.Packages[i].Name, Err: err}
		}
	}
	return all, nil
}
