package volumes

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// Options of a store.
type Options struct {
	// MaxSize bounds what the store keeps, in bytes; 0 is no bound.
	MaxSize int64
}

// folderPrefix marks a reference as that of a folder.
const folderPrefix = "oci:"

// Open returns the store that ref names: a folder (/path, ./path, ~/path,
// oci:path), whose content is an OCI image layout, or a repository of a registry
// (HOST/REPOSITORY), which is reached with the user's logins and [registry] tables.
// Nothing is asked of a registry yet.
func Open(ref string, o Options) (Store, error) {
	if IsRepository(ref) {
		client, err := registry.ForUser(os.Stderr)
		if err != nil {
			return nil, err
		}
		return OpenRegistry(ref, client)
	}
	dir, err := FolderOf(ref)
	if err != nil {
		return nil, err
	}
	return OpenFolder(dir, o.MaxSize)
}

// Check says what is wrong with a reference.
func Check(ref string) error {
	if IsRepository(ref) {
		_, err := repository(ref)
		return err
	}
	_, err := FolderOf(ref)
	return err
}

// IsRepository reports whether ref begins with the name of a registry, as image
// references do.
func IsRepository(ref string) bool {
	host, repository, found := strings.Cut(ref, "/")
	if !found || repository == "" || strings.HasPrefix(host, ".") || strings.HasPrefix(ref, folderPrefix) {
		return false
	}
	return host == "localhost" || strings.ContainsAny(host, ".:")
}

// FolderOf is the absolute path that ref names.
func FolderOf(ref string) (string, error) {
	dir, marked := strings.CutPrefix(ref, folderPrefix)
	if dir == "" {
		return "", errors.New("a store of cache volumes needs a name: a folder, such as /ci-cache")
	}
	if home, ok := strings.CutPrefix(dir, "~/"); ok {
		base, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		return filepath.Join(base, home), nil
	}
	if !marked && !filepath.IsAbs(dir) && dir != "." && !strings.HasPrefix(dir, "./") && !strings.HasPrefix(dir, "../") {
		return "", fmt.Errorf("unknown store of cache volumes %q: use a folder (/path, ./path, ~/path or oci:path), or a repository with its registry (HOST/REPOSITORY)", ref)
	}
	return filepath.Abs(dir)
}
