package sbom

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	packageurl "github.com/package-url/packageurl-go"
	"github.com/pelletier/go-toml/v2"
)

// lockFile is cargo's.
const lockFile = "Cargo.lock"

// crates lists what the lock file of the source names. Programs in Rust do not say
// what they are made of, so this may be more than is linked: what only tests or other
// platforms need is in it.
func crates(source string) ([]component, error) {
	data, err := os.ReadFile(filepath.Join(source, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the crates of the application: %w", err)
	}
	var lock struct {
		Package []struct{ Name, Version, Source, Checksum string }
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return nil, fmt.Errorf("reading %s: %w", lockFile, err)
	}
	var all []component
	for _, p := range lock.Package {
		qualifiers := map[string]string{}
		if url, ok := strings.CutPrefix(p.Source, "git+"); ok {
			qualifiers["vcs_url"] = withoutUser(url)
		}
		if p.Checksum != "" {
			qualifiers["checksum"] = "sha256:" + p.Checksum
		}
		all = append(all, component{
			url:  *packageurl.NewPackageURL(packageurl.TypeCargo, "", p.Name, p.Version, packageurl.QualifiersFromMap(qualifiers), ""),
			from: lockFile,
		})
	}
	return all, nil
}

// withoutUser leaves out the user and password of a URL.
func withoutUser(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, path, found := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		host = host[at+1:]
	}
	if !found {
		return scheme + "://" + host
	}
	return scheme + "://" + host + "/" + path
}
