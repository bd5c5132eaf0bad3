//go:build linux

package main

import (
	"errors"
	"io/fs"

	"github.com/bodkin-ci/bodkin/engine/internal/shim/protocol"
	"github.com/bodkin-ci/bodkin/engine/internal/shim/scrub"
)

// secretsOf returns the values that must not show in what the command writes,
// nil when there are none. A secret file that does not exist, or that the
// command's user may not read, has no value to hide.
func secretsOf(spec protocol.Spec, environment []string) (*scrub.Set, error) {
	var values []string
	for _, name := range spec.SecretEnv {
		if value, set := lookup(environment, name); set {
			values = append(values, value)
		}
	}
	for _, path := range spec.SecretFiles {
		content, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return nil, err
		}
		values = append(values, string(content))
	}
	return scrub.New(values...), nil
}
