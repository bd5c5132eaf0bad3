package sbom

import (
	"debug/buildinfo"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"strings"

	packageurl "github.com/package-url/packageurl-go"
)

const elfMagic = "\x7fELF"

// goModules lists the modules that the Go programs of the image are made of, which
// say so themselves.
func goModules(root *os.Root) ([]component, error) {
	var all []component
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		info, err := entry.Info()
		if err != nil || info.Mode()&0o111 == 0 {
			return err
		}
		built, err := readBuildInfo(root, name)
		if err != nil || built == nil {
			return err
		}
		all = append(all, modulesOf(built, "/"+name)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the programs of the image: %w", err)
	}
	return all, nil
}

// readBuildInfo returns nil for what is no Go program.
func readBuildInfo(root *os.Root, name string) (*debug.BuildInfo, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	magic := make([]byte, len(elfMagic))
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != elfMagic {
		return nil, nil
	}
	built, err := buildinfo.Read(f)
	if err != nil {
		return nil, nil // another language
	}
	return built, nil
}

func modulesOf(built *debug.BuildInfo, from string) []component {
	version := strings.TrimPrefix(strings.Fields(built.GoVersion + " ")[0], "go")
	all := []component{{url: golangURL("stdlib", version), from: from}}
	for _, m := range append([]*debug.Module{&built.Main}, built.Deps...) {
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Path == "" || strings.HasPrefix(m.Path, ".") || strings.HasPrefix(m.Path, "/") {
			continue // a folder of the builder's
		}
		all = append(all, component{url: golangURL(m.Path, m.Version), from: from})
	}
	return all
}

func golangURL(module, version string) packageurl.PackageURL {
	if version == "(devel)" {
		version = ""
	}
	namespace, name := path.Split(module)
	return *packageurl.NewPackageURL(packageurl.TypeGolang, strings.TrimSuffix(namespace, "/"), name, version, nil, "")
}
