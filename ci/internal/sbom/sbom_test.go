package sbom_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	spdxjson "github.com/spdx/tools-golang/json"
	spdx "github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/stretchr/testify/require"

	"github.com/bodkin-ci/bodkin/ci/internal/sbom"
)

func write(t *testing.T, dir, name, content string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
}

func image(t *testing.T) sbom.Image {
	t.Helper()
	return sbom.Image{
		Name: "registry.example.com/app", Digest: digest.FromString("app"), Root: t.TempDir(), Source: t.TempDir(), Time: time.Unix(1700000000, 0),
	}
}

// urls are what a document names, by what tells of it.
func urls(doc *spdx.Document) map[string][]string {
	found := map[string][]string{}
	for _, p := range doc.Packages {
		for _, ref := range p.PackageExternalReferences {
			found[p.PackageSourceInfo] = append(found[p.PackageSourceInfo], ref.Locator)
		}
	}
	return found
}

func TestOf(t *testing.T) {
	img := image(t)
	write(t, img.Root, "etc/os-release", "NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n", 0o644)
	write(t, img.Root, "var/lib/dpkg/status", "Package: libc6\nStatus: install ok installed\nSource: glibc\nVersion: 2.36-9+deb12u1\nArchitecture: amd64\nMaintainer: Somebody\n", 0o644)
	write(t, img.Root, "var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2026a-0\nArchitecture: all\n", 0o644)
	write(t, img.Root, "var/lib/dpkg/status.d/tzdata.md5sums", "Package: no\nVersion: 1\n", 0o644)
	program, err := os.Executable()
	require.NoError(t, err)
	content, err := os.ReadFile(program)
	require.NoError(t, err)
	write(t, img.Root, "usr/bin/program", string(content), 0o755)
	write(t, img.Root, "usr/bin/other", "\x7fELF, but no program", 0o755)
	write(t, img.Root, "usr/bin/script", "#!/bin/sh\n", 0o755)
	require.NoError(t, os.Symlink("/usr/bin/program", filepath.Join(img.Root, "out")))
	write(t, img.Source, "Cargo.lock", `
version = 4
[[package]]
name = "rocket"
version = "0.5.1"
source = "registry+https://example.com/index"
checksum = "aa"
[[package]]
name = "own"
version = "0.1.0"
source = "git+https://user:token@example.com/own?rev=1#1"
`, 0o644)

	doc, err := sbom.Of(img)
	require.NoError(t, err)
	found := urls(doc)
	require.Equal(t, []string{"pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=glibc"}, found["named by /var/lib/dpkg/status"])
	require.Equal(t, []string{"pkg:deb/debian/tzdata@2026a-0?arch=all&distro=debian-12"}, found["named by /var/lib/dpkg/status.d/tzdata"])
	crates := strings.Join(found["named by Cargo.lock"], "\n")
	require.Contains(t, crates, "pkg:cargo/rocket@0.5.1")
	require.Contains(t, crates, "pkg:cargo/own@0.1.0")
	require.NotContains(t, crates, "token")
	modules := strings.Join(found["named by /usr/bin/program"], "\n")
	require.Contains(t, modules, "pkg:golang/stdlib@"+strings.TrimPrefix(strings.Fields(runtime.Version())[0], "go"))
	require.Contains(t, modules, "pkg:golang/github.com/bodkin-ci/bodkin")
	require.Len(t, found, 4)

	var out bytes.Buffer
	require.NoError(t, spdxjson.Write(doc, &out))
	again, err := sbom.Of(img)
	require.NoError(t, err)
	require.Equal(t, doc, again)
	read, err := spdxjson.Read(&out)
	require.NoError(t, err)
	require.Len(t, read.Packages, len(doc.Packages))
	require.Equal(t, "2023-11-14T22:13:20Z", doc.CreationInfo.Created)
}

func TestOfNothing(t *testing.T) {
	doc, err := sbom.Of(image(t))
	require.NoError(t, err)
	require.Len(t, doc.Packages, 1, "the image itself")

	img := image(t)
	write(t, img.Source, "Cargo.lock", "not toml", 0o644)
	_, err = sbom.Of(img)
	require.ErrorContains(t, err, "reading Cargo.lock")
	img.Root = filepath.Join(img.Root, "missing")
	_, err = sbom.Of(img)
	require.ErrorContains(t, err, "opening the files of the image")
}
