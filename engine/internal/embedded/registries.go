package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	resolverconfig "github.com/moby/buildkit/util/resolver/config"
	"github.com/pelletier/go-toml/v2"
)

// RegistriesEnv names the environment variable with the path of a buildkitd.toml
// whose [registry] tables (mirrors, plain HTTP, certificates) the daemon takes
// over. Default: bodkin/buildkitd.toml in the user's configuration folder
// ($XDG_CONFIG_HOME or ~/.config), where it exists.
const RegistriesEnv = "BODKIN_BUILDKITD_CONFIG"

type registryTables struct {
	Registries map[string]resolverconfig.RegistryConfig `toml:"registry"`
}

// userRegistries returns the user's [registry] tables as TOML. The certificates
// they name are added to files, and named by their place in the engine root.
func userRegistries(files map[string]string) (string, error) {
	path, data, err := readUserConfig()
	if err != nil || data == nil {
		return "", err
	}
	var t registryTables
	if err := toml.Unmarshal(data, &t); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	if len(t.Registries) == 0 {
		return "", nil
	}
	var missing error
	move := func(host *string) {
		if *host == "" {
			return
		}
		if !filepath.IsAbs(*host) {
			*host = filepath.Join(filepath.Dir(path), *host)
		}
		if _, err := os.Stat(*host); err != nil {
			missing = errors.Join(missing, fmt.Errorf("reading what %s names: %w", path, err))
		}
		*host = moved(files, *host)
	}
	for _, r := range t.Registries {
		for i := range r.RootCAs {
			move(&r.RootCAs[i])
		}
		for i := range r.TLSConfigDir {
			move(&r.TLSConfigDir[i])
		}
		for i := range r.KeyPairs {
			move(&r.KeyPairs[i].Key)
			move(&r.KeyPairs[i].Certificate)
		}
	}
	if missing != nil {
		return "", missing
	}
	out, err := toml.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("taking over the registries of %s: %w", path, err)
	}
	return string(out), nil
}

// moved notes a host file and returns its place in the engine root. The base name
// stays, because BuildKit tells certificates and keys apart by it.
func moved(files map[string]string, host string) string {
	for inside, h := range files {
		if h == host {
			return inside
		}
	}
	inside := "/etc/buildkit/host/" + strconv.Itoa(len(files)) + "/" + filepath.Base(host)
	files[inside] = host
	return inside
}

// readUserConfig returns nil data where there is no configuration.
func readUserConfig() (path string, data []byte, err error) {
	path = os.Getenv(RegistriesEnv)
	named := path != ""
	if !named {
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", nil, nil
		}
		path = filepath.Join(dir, "bodkin", "buildkitd.toml")
	}
	data, err = os.ReadFile(path)
	if !named && errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("reading the registry configuration: %w", err)
	}
	return path, data, nil
}
