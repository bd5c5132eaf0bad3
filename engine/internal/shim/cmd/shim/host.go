//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
)

// caVariables are the environment variables in which programs look for a file
// of CA certificates.
var caVariables = []string{
	"SSL_CERT_FILE",       // OpenSSL, Go
	"CURL_CA_BUNDLE",      // curl
	"REQUESTS_CA_BUNDLE",  // Python requests
	"GIT_SSL_CAINFO",      // git
	"NODE_EXTRA_CA_CERTS", // Node.js
	"PIP_CERT",            // pip
	"CARGO_HTTP_CAINFO",   // cargo
	"AWS_CA_BUNDLE",       // AWS command line and SDKs
}

// readHost returns what the engine says of the host: nothing where it says
// nothing.
func readHost() (protocol.Host, error) {
	content := os.Getenv(protocol.HostVariable)
	if content == "" {
		return protocol.Host{}, nil
	}
	return protocol.DecodeHost([]byte(content))
}

// becomeWanted makes sure that the shim with the wanted digest goes on: it
// returns nil when that is this process, replaces the process by the wanted
// version when it is installed, and errs when it is not.
func becomeWanted(digest string) error {
	if digest == "" {
		return nil
	}
	wanted := protocol.VersionName(digest)
	self, err := os.Readlink("/proc/self/exe")
	if err == nil && filepath.Base(self) == wanted {
		return nil
	}
	// Versions are named by their digest, so the name cannot mislead and the
	// wanted one, once running, does not come here again.
	path := filepath.Join(root, protocol.BinName, wanted)
	err = syscall.Exec(path, os.Args, os.Environ())
	return errors.New("this is " + self + ", wanted is " + path + ": " + err.Error())
}

// checkCABundle errs where the bundle that the engine speaks of is not
// installed.
func checkCABundle(bundle string) error {
	if bundle == "" {
		return nil
	}
	_, err := os.Stat(bundle)
	return err
}

// stableName returns the link to bundle where it leads there, else bundle.
func stableName(bundle string) string {
	link := filepath.Join(filepath.Dir(bundle), protocol.Bundle)
	if target, err := os.Readlink(link); err == nil && target == filepath.Base(bundle) {
		return link
	}
	return bundle
}

// withCABundle adds the variables that lead programs to the bundle to the
// environment, leaving those alone that are set already. An empty path adds
// nothing.
func withCABundle(environment []string, bundle string) []string {
	if bundle == "" {
		return environment
	}
	bundle = stableName(bundle)
	for _, name := range caVariables {
		if _, set := lookup(environment, name); !set {
			environment = append(environment, name+"="+bundle)
		}
	}
	return environment
}

// withoutHost takes out what only the shim is told: where it runs and where the
// services are.
func withoutHost(environment []string, services []protocol.Service) []string {
	return slices.DeleteFunc(environment, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return name == protocol.HostVariable || name == protocol.ServiceVariable ||
			slices.ContainsFunc(services, func(s protocol.Service) bool { return s.Variable == name })
	})
}

// lookup returns the value that a variable has in environment.
func lookup(environment []string, name string) (value string, set bool) {
	for _, entry := range environment {
		if rest, ok := strings.CutPrefix(entry, name); ok && strings.HasPrefix(rest, "=") {
			return rest[1:], true
		}
	}
	return "", false
}
