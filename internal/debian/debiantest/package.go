package debiantest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Package describes a Debian package to make.
type Package struct {
	Name, Version string
	Arch          string            // empty: amd64
	Fields        map[string]string // further control fields, such as Depends
	Control       map[string]string // further files of control.tar, such as postinst
	Files         []File
}

// File is a member of data.tar. The zero Type is a regular file, or a folder
// where the name ends in a slash.
type File struct {
	Name string // as in the tar, such as "./usr/bin/tool"
	Text string
	Link string
	Type byte
	Mode int64 // 0: 0644, 0755 for folders
	UID  int
}

func (p Package) arch() string {
	if p.Arch != "" {
		return p.Arch
	}
	return "amd64"
}

func (p Package) control() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: nobody <nobody@example.org>\n", p.Name, p.Version, p.arch())
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		fmt.Fprintf(&b, "%s: %s\n", name, p.Fields[name])
	}
	b.WriteString("Description: for tests\n")
	return b.String()
}

// Deb returns the .deb file: data.tar with zstd, control.tar with gzip.
func (p Package) Deb(t testing.TB) []byte {
	t.Helper()
	control := []File{{Name: "./control", Text: p.control()}}
	for _, name := range slices.Sorted(maps.Keys(p.Control)) {
		control = append(control, File{Name: "./" + name, Text: p.Control[name], Mode: 0o755})
	}
	var controlGz, dataZst bytes.Buffer
	z := gzip.NewWriter(&controlGz)
	_, err := z.Write(tarOf(t, control))
	check(t, err)
	check(t, z.Close())
	zs, err := zstd.NewWriter(&dataZst)
	check(t, err)
	_, err = zs.Write(tarOf(t, p.Files))
	check(t, err)
	check(t, zs.Close())

	var deb bytes.Buffer
	deb.WriteString("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", controlGz.Bytes()}, {"data.tar.zst", dataZst.Bytes()}} {
		fmt.Fprintf(&deb, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", m.name, 0, 0, 0, "100644", len(m.data))
		deb.Write(m.data)
		if len(m.data)%2 == 1 {
			deb.WriteByte('\n')
		}
	}
	return deb.Bytes()
}

func tarOf(t testing.TB, files []File) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Typeflag: f.Type, Name: f.Name, Linkname: f.Link, Mode: f.Mode, Uid: f.UID, Size: int64(len(f.Text)),
			ModTime: time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC)}
		if f.Type == 0 {
			h.Typeflag = tar.TypeReg
			if strings.HasSuffix(f.Name, "/") {
				h.Typeflag = tar.TypeDir
			}
		}
		if h.Mode == 0 {
			h.Mode = 0o644
			if h.Typeflag == tar.TypeDir {
				h.Mode = 0o755
			}
		}
		check(t, w.WriteHeader(h))
		_, err := w.Write([]byte(f.Text))
		check(t, err)
	}
	check(t, w.Close())
	return b.Bytes()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
