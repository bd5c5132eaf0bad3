package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/util/resolver/config"
	"github.com/pelletier/go-toml/v2"
)

// ConfigEnv names the environment variable with the path of a buildkitd.toml
// whose [registry] tables (mirrors, plain HTTP, certificates) are used. Default:
// bodkin/buildkitd.toml in the user's configuration folder ($XDG_CONFIG_HOME or
// ~/.config), where it exists.
const ConfigEnv = "BODKIN_BUILDKITD_CONFIG"

// Config holds the user's [registry] tables, by registry.
type Config struct {
	// Path is the file they are from, "" where there is none.
	Path string
	// Registries have absolute paths, of files that exist.
	Registries map[string]config.RegistryConfig
}

// ReadConfig reads the user's [registry] tables. Relative paths start at the
// file's folder. A path that names nothing is an error.
func ReadConfig() (Config, error) {
	path, data, err := readFile()
	if err != nil || data == nil {
		return Config{}, err
	}
	var tables struct {
		Registries map[string]config.RegistryConfig `toml:"registry"`
	}
	if err := toml.Unmarshal(data, &tables); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", path, err)
	}
	c := Config{Path: path, Registries: tables.Registries}
	var missing error
	for file := range c.files() {
		if *file == "" {
			continue
		}
		if !filepath.IsAbs(*file) {
			*file = filepath.Join(filepath.Dir(path), *file)
		}
		if _, err := os.Stat(*file); err != nil {
			missing = errors.Join(missing, fmt.Errorf("reading what %s names: %w", path, err))
		}
	}
	return c, missing
}

// TokenTLS is how the servers that give out tokens for a registry are reached.
func (c Config) TokenTLS() map[string]*authprovider.AuthTLSConfig {
	out := map[string]*authprovider.AuthTLSConfig{}
	for host, r := range c.Registries {
		t := &authprovider.AuthTLSConfig{RootCAs: r.RootCAs, Insecure: r.Insecure != nil && *r.Insecure}
		for _, pair := range r.KeyPairs {
			t.KeyPairs = append(t.KeyPairs, authprovider.TLSKeyPair{Key: pair.Key, Certificate: pair.Certificate})
		}
		out[host] = t
	}
	return out
}

// Move replaces each path of a file or folder by what to returns for it.
func (c Config) Move(to func(path string) string) {
	for file := range c.files() {
		if *file != "" {
			*file = to(*file)
		}
	}
}

// files yields where the paths of files and folders are kept.
func (c Config) files() func(yield func(*string) bool) {
	return func(yield func(*string) bool) {
		for _, r := range c.Registries {
			var paths []*string
			for i := range r.RootCAs {
				paths = append(paths, &r.RootCAs[i])
			}
			for i := range r.TLSConfigDir {
				paths = append(paths, &r.TLSConfigDir[i])
			}
			for i := range r.KeyPairs {
				paths = append(paths, &r.KeyPairs[i].Key, &r.KeyPairs[i].Certificate)
			}
			for _, p := range paths {
				if !yield(p) {
					return
				}
			}
		}
	}
}

// readFile returns nil data where there is no configuration.
func readFile() (path string, data []byte, err error) {
	path = os.Getenv(ConfigEnv)
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
