package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/bodkin-ci/bodkin/engine/internal/hostca"
)

// settings are what the daemon takes from the host at its start.
type settings struct {
	registries string            // TOML, see registries
	files      map[string]string // in the engine root ← on the host
	caBundle   string            // path; empty where the host has none
	proxies    []string          // NAME=value
}

func hostSettings() (settings, error) {
	s := settings{caBundle: hostca.Path(), proxies: hostProxies(), files: map[string]string{}}
	var err error
	s.registries, err = userRegistries(s.files)
	return s, err
}

// version names a daemon by everything that makes it what it is. A client that
// would start another one replaces an unused daemon.
func (s settings) version() (string, error) {
	h := sha256.New()
	put := func(values ...string) {
		for _, v := range values {
			fmt.Fprintf(h, "%d:%s,", len(v), v)
		}
	}
	put(runtime.Version(), rootKey(), s.registries, s.caBundle)
	put(s.proxies...)
	for _, inside := range slices.Sorted(maps.Keys(s.files)) {
		put(inside, s.files[inside])
	}
	for _, module := range []fs.FS{daemonModule, supervisorModule} {
		err := fs.WalkDir(module, ".", func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			data, err := fs.ReadFile(module, name)
			put(name, string(data))
			return err
		})
		if err != nil {
			return "", fmt.Errorf("reading the engine's sources: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// hostProxies returns the proxy variables of this process, for what the daemon
// pulls.
func hostProxies() []string {
	var env []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"} {
		for _, name := range []string{name, strings.ToLower(name)} {
			if v := os.Getenv(name); v != "" {
				env = append(env, name+"="+v)
			}
		}
	}
	return env
}
