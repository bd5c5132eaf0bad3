package rust

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dagger.io/dagger"
	"github.com/pelletier/go-toml/v2"
)

// Settings say how crates are fetched, and not what is built from them.
type Settings struct {
	// Config is a configuration file of cargo, such as one that names a mirror.
	Config string
	// Variables are CARGO_NET_…, CARGO_HTTP_… and CARGO_REGISTRIES_….
	Variables map[string]string
}

var (
	// fetching are the tables of a configuration that say how crates are fetched.
	fetching = []string{"source", "registries", "registry", "http", "net"}
	// local are settings of these tables that lead to files of the host.
	local = []string{"cainfo", "credential-provider", "global-credential-providers", "proxy-cainfo"}

	settingNames = regexp.MustCompile(`^CARGO_(NET|HTTP|REGISTRY|REGISTRIES)_`)
	secretNames  = regexp.MustCompile(`_TOKEN$`)
	localNames   = regexp.MustCompile(`_(CAINFO|CREDENTIAL_PROVIDERS?)$`)
)

// HostSettings returns the settings of cargo on this host: those of its
// configuration file ($CARGO_HOME/config.toml) that say how crates are fetched,
// and the variables of this process that do.
func HostSettings() (*Settings, error) {
	settings := &Settings{Variables: map[string]string{}}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if settingNames.MatchString(name) && !localNames.MatchString(name) {
			settings.Variables[name] = value
		}
	}
	for _, name := range []string{"config.toml", "config"} {
		path := filepath.Join(hostHome(), name)
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading cargo's configuration: %w", err)
		}
		settings.Config, err = reduce(content)
		if err != nil {
			return nil, fmt.Errorf("reading cargo's configuration %s: %w", path, err)
		}
		break
	}
	return settings, nil
}

// hostHome is where cargo keeps its configuration on this host.
func hostHome() string {
	if home := os.Getenv("CARGO_HOME"); home != "" {
		return home
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".cargo")
}

// reduce leaves of a configuration what says how crates are fetched.
func reduce(content []byte) (string, error) {
	var config map[string]any
	if err := toml.Unmarshal(content, &config); err != nil {
		return "", err
	}
	for table := range config {
		if !slices.Contains(fetching, table) {
			delete(config, table)
		}
	}
	for _, table := range config {
		if settings, ok := table.(map[string]any); ok {
			for _, name := range local {
				delete(settings, name)
			}
		}
	}
	reduced, err := toml.Marshal(config)
	return string(reduced), err
}

// withSettings gives a container the settings, outside of the cache key.
func (r *Rust) withSettings(ctr *dagger.Container) (*dagger.Container, error) {
	settings := r.opts.Settings
	if settings == nil {
		var err error
		if settings, err = HostSettings(); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(settings.Variables)) {
		value := settings.Variables[name]
		if secretNames.MatchString(name) || strings.Contains(value, "@") {
			ctr = ctr.WithSecretVariable(name, r.dag.SetSecret("rust-"+name, value))
			continue
		}
		ctr = ctr.WithVolatileVariable(name, value)
	}
	// There is always a file: hosts with a configuration and hosts without one
	// share what is cached.
	config := r.dag.SetSecret("rust-config", "# How crates are fetched\n"+settings.Config)
	return ctr.WithMountedSecret(configPath, config), nil
}
