package toolchain

import (
	"archive/tar"
	"archive/zip"
	"context"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/internal/ociarchive"
)

// writeLayer writes the toolchain in a module archive as the tar of a root file
// system that a Go build needs nothing beside.
func writeLayer(ctx context.Context, w io.Writer, module string) error {
	archive, err := zip.OpenReader(module)
	if err != nil {
		return fmt.Errorf("reading %s: %w", module, err)
	}
	defer archive.Close()
	files, err := wanted(archive.File)
	if err != nil {
		return fmt.Errorf("reading %s: %w", module, err)
	}
	l := layer{tar: tar.NewWriter(w), dirs: map[string]bool{}}
	if err := l.surroundings(); err != nil {
		return err
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.file(f.name, f.File); err != nil {
			return fmt.Errorf("copying %s: %w", f.Name, err)
		}
	}
	return l.tar.Close()
}

// member is a file of the toolchain with its path below GOROOT.
type member struct {
	*zip.File
	name string
}

// wanted returns, sorted, the files that builds and checks of other code may
// need: half of what is published are the toolchain's own tests.
func wanted(files []*zip.File) ([]member, error) {
	var members []member
	for _, f := range files {
		// module@version/path, where a folder has a slash at its end
		_, version, _ := strings.Cut(f.Name, "@")
		_, name, ok := strings.Cut(version, "/")
		if !ok || name == "" || strings.HasSuffix(name, "/") {
			continue
		}
		if path.Clean(name) != name || path.IsAbs(name) || strings.HasPrefix(name, "../") {
			return nil, fmt.Errorf("it has a file with the path %q", name)
		}
		members = append(members, member{f, name})
	}
	embedding, err := embedTestdata(members)
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(m member) bool {
		if owner, _, ok := strings.Cut(m.name, "/testdata/"); ok {
			return !embedding[owner]
		}
		return strings.HasPrefix(m.name, "src/") && strings.HasSuffix(m.name, "_test.go")
	})
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return members, nil
}

var embedsTestdata = regexp.MustCompile(`(?m)^//go:embed .*\btestdata\b`)

// embedTestdata returns the packages whose test data is part of the package.
func embedTestdata(members []member) (map[string]bool, error) {
	has := map[string]bool{}
	for _, m := range members {
		if owner, _, ok := strings.Cut(m.name, "/testdata/"); ok {
			has[owner] = true
		}
	}
	embedding := map[string]bool{}
	for _, m := range members {
		dir := path.Dir(m.name)
		if !has[dir] || !strings.HasSuffix(m.name, ".go") || strings.HasSuffix(m.name, "_test.go") {
			continue
		}
		content, err := m.content()
		if err != nil {
			return nil, err
		}
		if embedsTestdata.Match(content) {
			embedding[dir] = true
		}
	}
	return embedding, nil
}

func (m member) content() ([]byte, error) {
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// layer writes members of the root file system.
type layer struct {
	tar  *tar.Writer
	dirs map[string]bool // written so far
}

// surroundings writes what a Go command expects around its toolchain.
func (l layer) surroundings() error {
	for _, d := range []struct {
		name string
		mode int64
	}{{strings.TrimPrefix(GoPath, "/"), 0o755}, {strings.TrimPrefix(HomePath, "/"), 0o700}, {"tmp", 0o1777}} {
		if err := l.dir(d.name, d.mode); err != nil {
			return err
		}
	}
	// Otherwise each command would leave counters in its container.
	const telemetry = "off"
	name := strings.TrimPrefix(HomePath, "/") + "/.config/go/telemetry/mode"
	if err := l.parents(name); err != nil {
		return err
	}
	if err := l.tar.WriteHeader(header(name, tar.TypeReg, 0o644, int64(len(telemetry)))); err != nil {
		return err
	}
	_, err := io.WriteString(l.tar, telemetry)
	return err
}

// file writes one file of the toolchain. Module archives know no modes.
func (l layer) file(name string, f *zip.File) error {
	target := strings.TrimPrefix(Root, "/") + "/" + name
	if err := l.parents(target); err != nil {
		return err
	}
	mode := int64(0o644)
	if executable(name) {
		mode = 0o755
	}
	if err := l.tar.WriteHeader(header(target, tar.TypeReg, mode, int64(f.UncompressedSize64))); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(l.tar, r)
	return err
}

// executable reports whether a file of the toolchain is a program.
func executable(name string) bool {
	if strings.HasPrefix(name, "bin/") || strings.HasPrefix(name, "pkg/tool/") {
		return true
	}
	return strings.HasPrefix(name, "lib/wasm/") && strings.HasSuffix(name, "_exec")
}

// parents writes the folders above name that are not written yet.
func (l layer) parents(name string) error {
	for i, c := range name {
		if c != '/' {
			continue
		}
		if err := l.dir(name[:i], 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (l layer) dir(name string, mode int64) error {
	if l.dirs[name] {
		return nil
	}
	l.dirs[name] = true
	return l.tar.WriteHeader(header(name+"/", tar.TypeDir, mode, 0))
}

func header(name string, kind byte, mode, size int64) *tar.Header {
	return &tar.Header{Name: name, Typeflag: kind, Mode: mode, Size: size, ModTime: ociarchive.Time, Format: tar.FormatPAX}
}
