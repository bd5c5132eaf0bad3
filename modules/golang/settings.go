package golang

import (
	"os"
	"slices"
	"strings"

	"dagger.io/dagger"
)

// settingNames are the variables that say how modules are fetched and not what
// is built from them. GOFLAGS is not one of them.
var settingNames = []string{"GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE"}

// hostSettings returns the settings that this process has been given.
func hostSettings() map[string]string {
	settings := map[string]string{}
	for _, name := range settingNames {
		if value, set := os.LookupEnv(name); set {
			settings[name] = value
		}
	}
	return settings
}

// withSettings gives a container the settings, outside of the cache key. One
// with a password in it is a secret.
func (g *Golang) withSettings(ctr *dagger.Container) *dagger.Container {
	for _, name := range sortedKeys(g.opts.Settings) {
		value := g.opts.Settings[name]
		if strings.Contains(value, "@") {
			ctr = ctr.WithSecretVariable(name, g.dag.SetSecret("golang-"+name, value))
			continue
		}
		ctr = ctr.WithVolatileVariable(name, value)
	}
	return ctr
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
