package debian_test

import (
	"archive/tar"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/internal/debian"
	"github.com/bodkin-ci/bodkin/internal/debian/debiantest"
)

type file = debiantest.File

// withFiles is a package of that content.
func withFiles(name string, files ...file) debiantest.Package {
	return debiantest.Package{Name: name, Version: "1", Files: files, Fields: map[string]string{}}
}

func unpackAll(t *testing.T, packages ...debiantest.Package) (string, error) {
	t.Helper()
	a := debiantest.New(t, "trixie", packages...)
	s := source(t, a)
	var all []string
	for _, p := range packages {
		all = append(all, p.Name)
	}
	return unpack(t, s, resolve(t, s, debian.ResolveOptions{}, all...))
}

func TestUnpack(t *testing.T) {
	dir, err := unpackAll(t,
		withFiles("app",
			file{Name: "./"}, file{Name: "./usr/"}, file{Name: "./usr/bin/"}, file{Name: "./bin/"},
			file{Name: "./usr/bin/app", Text: "program", Mode: 0o4755},
			file{Name: "./usr/bin/same", Link: "./usr/bin/app", Type: tar.TypeLink},
			file{Name: "./usr/bin/alias", Link: "app", Type: tar.TypeSymlink},
			file{Name: "./bin/old-place", Text: "moved", Mode: 0o755},
			file{Name: "./lib64/ld.so", Text: "loader"},
			file{Name: "./srv/spool/", Mode: 0o1777},
		),
		withFiles("doc",
			file{Name: "./usr/share/doc/"},
			file{Name: "./usr/share/doc/doc", Link: "../elsewhere", Type: tar.TypeSymlink},
			file{Name: "./usr/share/doc/doc/readme", Text: "through a link of its own"},
			file{Name: "./usr/bin/", Mode: 0o700},
		))
	require.NoError(t, err)

	for link, target := range map[string]string{"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin", "usr/bin/alias": "app"} {
		got, err := os.Readlink(filepath.Join(dir, link))
		require.NoError(t, err)
		require.Equal(t, target, got)
	}
	for path, text := range map[string]string{"usr/bin/app": "program", "usr/bin/same": "program", "usr/bin/old-place": "moved",
		"usr/lib64/ld.so": "loader", "usr/share/elsewhere/readme": "through a link of its own"} {
		got, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	info, err := os.Stat(filepath.Join(dir, "usr/bin/app"))
	require.NoError(t, err)
	require.Equal(t, os.ModeSetuid|0o755, info.Mode())
	require.Equal(t, time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC), info.ModTime().UTC())
	same, err := os.Stat(filepath.Join(dir, "usr/bin/same"))
	require.NoError(t, err)
	require.True(t, os.SameFile(info, same))
	spool, err := os.Stat(filepath.Join(dir, "srv/spool"))
	require.NoError(t, err)
	require.Equal(t, os.ModeDir|os.ModeSticky|0o777, spool.Mode())
	require.Equal(t, time.Date(2025, 3, 4, 5, 6, 7, 0, time.UTC), spool.ModTime().UTC())
	bin, err := os.Stat(filepath.Join(dir, "usr/bin"))
	require.NoError(t, err)
	require.Equal(t, os.ModeDir|0o755, bin.Mode(), "a folder that is there keeps its mode")
}

func TestUnpackRefusesToLeaveTheRoot(t *testing.T) {
	for name, files := range map[string][]file{
		"dots":                     {{Name: "./../outside", Text: "x"}},
		"hidden":                   {{Name: "./usr/share/../../../outside", Text: "x"}},
		"absolute":                 {{Name: "/outside", Text: "x"}},
		"symlink":                  {{Name: "./out", Link: "../..", Type: tar.TypeSymlink}, {Name: "./out/outside", Text: "x"}},
		"hard link":                {{Name: "./passwd", Link: "../../../../../etc/passwd", Type: tar.TypeLink}},
		"hard link to a host file": {{Name: "./l", Link: "/etc", Type: tar.TypeSymlink}, {Name: "./passwd", Link: "./l/passwd", Type: tar.TypeLink}},
		"loop":                     {{Name: "./a", Link: "b", Type: tar.TypeSymlink}, {Name: "./b", Link: "a", Type: tar.TypeSymlink}, {Name: "./a/x", Text: "x"}},
		"device":                   {{Name: "./null", Type: tar.TypeChar}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := unpackAll(t, withFiles("evil", files...))
			var bad *debian.PackageError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "evil", bad.Package)
			require.NoFileExists(t, filepath.Join(filepath.Dir(dir), "outside"))
			require.NoFileExists(t, filepath.Join(dir, "passwd"))
		})
	}
}

// An absolute symlink is legal and means a path inside the root.
func TestUnpackThroughAnAbsoluteLinkStaysInside(t *testing.T) {
	name := filepath.Base(t.TempDir()) // no such file on the host
	dir, err := unpackAll(t, withFiles("app",
		file{Name: "./var/run", Link: "/run", Type: tar.TypeSymlink}, file{Name: "./var/run/" + name, Text: "x"}))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "run", name))
	require.NoFileExists(t, filepath.Join("/run", name))
}

func TestUnpackFilesOfTwoPackages(t *testing.T) {
	one := withFiles("one", file{Name: "./usr/share/x", Text: "one"})
	two := withFiles("two", file{Name: "./usr/share/x", Text: "two"})
	_, err := unpackAll(t, one, two)
	require.ErrorContains(t, err, "unpacking package two: /usr/share/x is also in package one")

	two.Fields["Replaces"] = "one (<< 2)"
	dir, err := unpackAll(t, one, two)
	require.NoError(t, err)
	require.Equal(t, "two", read(t, dir, "usr/share/x"))

	delete(two.Fields, "Replaces")
	one.Fields["Replaces"] = "two"
	dir, err = unpackAll(t, one, two)
	require.NoError(t, err)
	require.Equal(t, "one", read(t, dir, "usr/share/x"))
}

func TestUnpackDamagedPackage(t *testing.T) {
	deb := withFiles("app", file{Name: "./usr/share/x", Text: "some text"}).Deb(t)
	for _, content := range [][]byte{[]byte("not a package"), deb[:len(deb)-20]} {
		dir := t.TempDir()
		a := debiantest.New(t, "trixie", pkg("app", "1"))
		s := source(t, a)
		l := resolve(t, s, debian.ResolveOptions{}, "app")
		a.Put(l.Packages[0].Filename, content)
		l.Packages[0].Size = int64(len(content))
		l.Packages[0].SHA256 = sum(content)
		err := debian.Unpack(t.Context(), s, l, dir)
		require.ErrorAs(t, err, new(*debian.PackageError))
	}
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elem...))
	require.NoError(t, err)
	return string(text)
}
