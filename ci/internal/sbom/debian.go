package sbom

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/bodkin-ci/bodkin/internal/debian"
)

// debianPackages lists what dpkg's database says, whole or, as in images without
// dpkg, in one file for each package.
func debianPackages(root *os.Root) ([]component, error) {
	files := []string{"var/lib/dpkg/status"}
	entries, err := fs.ReadDir(root.FS(), "var/lib/dpkg/status.d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the packages of the image: %w", err)
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && filepath.Ext(entry.Name()) == "" {
			files = append(files, "var/lib/dpkg/status.d/"+entry.Name())
		}
	}
	distro := distribution(root)
	var all []component
	for _, name := range files {
		status, err := root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the packages of the image: %w", err)
		}
		for _, p := range debian.ReadInstalled(string(status)) {
			all = append(all, component{url: debianURL(p, distro), from: "/" + name, supplier: p.Maintainer})
		}
	}
	return all, nil
}

func debianURL(p debian.Installed, distro map[string]string) packageurl.PackageURL {
	qualifiers := map[string]string{"arch": p.Architecture}
	if distro["ID"] != "" && distro["VERSION_ID"] != "" {
		qualifiers["distro"] = distro["ID"] + "-" + distro["VERSION_ID"]
	}
	if p.Source != "" {
		qualifiers["upstream"] = p.Source
	}
	vendor := distro["ID"]
	if vendor == "" {
		vendor = "debian"
	}
	return *packageurl.NewPackageURL(packageurl.TypeDebian, vendor, p.Name, p.Version, packageurl.QualifiersFromMap(qualifiers), "")
}

// distribution reads os-release.
func distribution(root *os.Root) map[string]string {
	values := map[string]string{}
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		f, err := root.Open(name)
		if err != nil {
			continue
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if key, value, ok := strings.Cut(lines.Text(), "="); ok {
				values[key] = strings.Trim(value, `"'`)
			}
		}
		return values
	}
	return values
}
