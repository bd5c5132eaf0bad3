package embedded

import (
	"fmt"
	"path/filepath"
	"strconv"

	resolverconfig "github.com/moby/buildkit/util/resolver/config"
	"github.com/pelletier/go-toml/v2"

	"github.com/bodkin-ci/bodkin/internal/registry"
)

// RegistriesEnv names the environment variable with the path of a buildkitd.toml
// whose [registry] tables the daemon takes over.
const RegistriesEnv = registry.ConfigEnv

type registryTables struct {
	Registries map[string]resolverconfig.RegistryConfig `toml:"registry"`
}

// userRegistries returns the user's [registry] tables as TOML. The certificates
// they name are added to files, and named by their place in the engine root.
func userRegistries(files map[string]string) (string, error) {
	config, err := registry.ReadConfig()
	if err != nil || len(config.Registries) == 0 {
		return "", err
	}
	config.Move(func(host string) string { return moved(files, host) })
	out, err := toml.Marshal(registryTables{config.Registries})
	if err != nil {
		return "", fmt.Errorf("taking over the registries of %s: %w", config.Path, err)
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
