package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dagger.io/dagger"
)

// settings are those of a language's installer on this machine, which say what
// registry it is to use, and how to log in there.
type settings struct {
	files     map[string][]string // by path in a container: those of the host, the first that is there is used
	variables []string            // names, whatever their case
}

var (
	pipSettings = settings{
		files: map[string][]string{
			"/etc/pip.conf":              {"/etc/pip.conf"},
			"/root/.config/pip/pip.conf": {"$PIP_CONFIG_FILE", "$XDG_CONFIG_HOME/pip/pip.conf", "$HOME/.config/pip/pip.conf", "$HOME/.pip/pip.conf"},
		},
		variables: []string{"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_NO_INDEX", "PIP_DEFAULT_TIMEOUT"},
	}
	npmSettings = settings{
		files: map[string][]string{
			"/etc/npmrc":   {"$NPM_CONFIG_GLOBALCONFIG", "/etc/npmrc"},
			"/root/.npmrc": {"$NPM_CONFIG_USERCONFIG", "$HOME/.npmrc"},
		},
		variables: []string{"NPM_CONFIG_REGISTRY", "NPM_CONFIG_STRICT_SSL"},
	}
)

// of gives a container the settings, as secrets: there may be passwords among them,
// and what is installed does not depend on where it comes from.
func (s settings) of(dag *dagger.Client, ctr *dagger.Container) *dagger.Container {
	for inside, candidates := range s.files {
		for _, candidate := range candidates {
			content, err := os.ReadFile(os.ExpandEnv(candidate))
			if err != nil || !filepath.IsAbs(os.ExpandEnv(candidate)) {
				continue
			}
			ctr = ctr.WithMountedSecret(inside, dag.SetSecret("e2e"+strings.ReplaceAll(inside, "/", "-"), string(content)))
			break
		}
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if slices.Contains(s.variables, strings.ToUpper(name)) && value != "" {
			ctr = ctr.WithSecretVariable(name, dag.SetSecret("e2e-"+name, value))
		}
	}
	return ctr
}
